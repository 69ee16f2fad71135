// How much one call may unpack where the caller does not say. Must stay below the smallest memory limit a cell is useful with.

/** Node's own default is 4 GB: a bomb would take the cell with it. */
export const defaultMaxOutputBytes = 16 * 1024 * 1024;
