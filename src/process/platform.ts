/** Whether this is Linux: processes are known by /proc. */
export const isLinux = process.platform === 'linux';

/** Whether this is Windows: there are no process groups, no modes of files, no files to open descriptors anew by. */
export const isWindows = process.platform === 'win32';
