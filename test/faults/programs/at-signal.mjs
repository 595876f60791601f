// Loaded into the API with --import: at SIGUSR2 it does what the variable AT_SIGNAL says.
const actions = {
  print: () => {
    for (let i = 1; i <= 5000; i++) console.log(`line ${i} ${'.'.repeat(100)}`);
    console.error('an error of a library');
    process.emitWarning('a warning of Node');
  },
  throw: () => {
    throw new Error('thrown by the test');
  },
  reject: () => Promise.reject(new Error('rejected by the test')),
};
process.on('SIGUSR2', () => void actions[process.env.AT_SIGNAL]());
