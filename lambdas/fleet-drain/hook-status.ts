/** Exit statuses of an application's drain hook; 0 is drained. */
export const hookStatus = { positionOpen: 10, noHook: 11, busy: 12 } as const;
