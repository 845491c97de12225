import { addressed } from './addressed.ts';
import { lowestOffsets } from './mapping/lowest.ts';

/** As low as an exact search finds, most often the least there is. */
export const exact = addressed('exact', 1, lowestOffsets);
