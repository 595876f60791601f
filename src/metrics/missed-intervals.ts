/** After so many intervals without a sample, samples stay away: the last one is stale, and a chart has a hole. */
export const MAX_MISSED_INTERVALS = 3;
