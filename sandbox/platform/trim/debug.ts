// Stands in for debug: nobody can read a guest's DEBUG output, and express formats its messages for it. Must never print.

const silent = (): void => {};

const makeDebug = (): unknown => Object.assign(() => {}, { enabled: false, log: silent, extend: makeDebug, destroy: silent });

export default Object.assign(makeDebug, {
  enable: silent,
  disable: () => '',
  enabled: () => false,
  log: silent,
  names: [],
  skips: [],
  formatters: {},
});
