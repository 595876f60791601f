// Loaded into the API with --import: a hook of a module does at shutdown what the variable HOOK says.
const { SettingsService } = await import(
  new URL('../../../build/settings/settings.service.js', import.meta.url)
);
const hooks = {
  hangs: () => new Promise(() => undefined),
  fails: () => Promise.reject(new Error('failed by the test')),
};
SettingsService.prototype.onModuleDestroy = hooks[process.env.HOOK];
