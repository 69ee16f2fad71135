// Stands in for depd: its warnings go to a terminal nobody has, and it walks stacks to build them. Must never change what it wraps.

const depd = (): unknown =>
  Object.assign(() => {}, {
    function: (fn: unknown): unknown => fn,
    property: (): void => {},
  });

export default depd;
