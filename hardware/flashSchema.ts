import * as v from 'valibot';
import { quantity } from '../input/schema.ts';
import { positive, provenance } from './schemaParts.ts';

/**
 * What a flash drive and a DRAM channel are made of. Which devices cannot be is in sim/resources/flash/device.ts.
 * @module
 */

const link = v.pipe(
  v.strictObject({
    lanes: positive('count', 'Lanes to the host'),
    lane_bytes_per_s: positive('bytes_per_s', 'Rate of one lane, headers included'),
    payload_bytes: positive('bytes', 'Payload of one packet'),
    header_bytes: quantity('bytes', { description: 'Header and framing of one packet' }),
    ...provenance,
  }),
  v.description('The link to the host. Absent: it never limits.'),
);

const choice = <const T extends readonly string[]>(options: T, description: string) =>
  v.pipe(v.picklist(options), v.description(description));

const mapping = v.pipe(
  v.strictObject({
    cache_bytes: positive('bytes', 'Controller memory that holds part of the mapping table'),
    entry_bytes: positive('bytes', 'Bytes of the entry of one page'),
    read_bytes: positive('bytes', 'Bytes read from flash on a miss'),
    keeps: v.exactOptional(
      choice(['all', 'asked'], 'Which entries that a miss reads are kept. Default: all of them; else those asked for.'),
    ),
    ...provenance,
  }),
  v.description('The table from logical to physical pages. Absent: all of it is in controller memory.'),
);

const blocks = (description: string) => v.pipe(v.number(), v.description(description));

const collection = v.pipe(
  v.strictObject({
    start_blocks: blocks('A plane with fewer free blocks than this collects garbage'),
    stop_blocks: blocks('Writes to a plane with fewer free blocks than this wait for an erase'),
    victim: choice(
      ['greedy', 'fifo', 'random'],
      'The block collected next: the one with the fewest pages still wanted, the one begun first, or one at random.',
    ),
    begins: v.exactOptional(
      choice(
        ['empty', 'full'],
        'Default: `empty`; `full`: what is addressed was written and then overwritten twice, at random, before the clock starts.',
      ),
    ),
    ...provenance,
  }),
  v.description('Garbage collection block by block, from which write amplification follows. Absent: not followed.'),
);

export const flashSchema = v.pipe(
  v.strictObject({
    channels: positive('count', 'Channels'),
    chips_per_channel: positive('count', 'Chips on a channel'),
    dies_per_chip: positive('count', 'Dies in a chip'),
    planes_per_die: positive('count', 'Planes of a die'),
    page_bytes: positive('bytes', 'A page'),
    block_bytes: positive('bytes', 'A block, the unit of erasing'),
    sector_bytes: positive('bytes', 'The least that leaves a page'),
    read_s: positive('s', 'tR: a page into the register of its chip'),
    program_s: v.exactOptional(positive('s', 'tProg of a page. Absent: the drive is only read')),
    erase_s: v.exactOptional(positive('s', 'tErase of a block. Absent: the drive is only read')),
    channel_bytes_per_s: positive('bytes_per_s', 'Data rate of a channel'),
    command_s: quantity('s', { description: 'One command with its address on the channel' }),
    plane_command_s: v.exactOptional(
      quantity('s', { description: 'Added to a command for each further plane that joins it. Absent: nothing' }),
    ),
    bus: choice(
      ['data-first', 'command-first', 'fair'],
      'Who has a free channel first: pages that wait to leave, new commands, or whoever has waited longer.',
    ),
    command_unit: choice(['chip', 'die'], 'What takes a command of its own: a chip for all its dies, or each die.'),
    holds_page: v.pipe(
      v.boolean(),
      v.description('Whether a unit stays busy until its page has left, or reads the next one meanwhile.'),
    ),
    multi_plane_programs: v.pipe(
      v.boolean(),
      v.description('Whether pages of two planes of a die are programmed together.'),
    ),
    allocation: v.exactOptional(
      choice(
        ['log', 'static'],
        'Where pages go. Default: `log`, a full drive that writes round all planes; `static`: one that begins empty and keeps a page to the plane of its number.',
      ),
    ),
    link: v.exactOptional(link),
    mapping: v.exactOptional(mapping),
    write_buffer_bytes: v.exactOptional(
      positive('bytes', 'Memory that takes writes before they are programmed. Absent: none'),
    ),
    write_buffer_bytes_per_s: v.exactOptional(
      positive('bytes_per_s', 'Rate at which that memory takes data. Absent: it takes no time'),
    ),
    write_amplification: v.exactOptional(
      v.pipe(
        v.number(),
        v.minValue(1),
        v.description('Bytes programmed per byte written in the steady state. Absent: an empty drive, never erased.'),
      ),
    ),
    collection: v.exactOptional(collection),
    endurance_bytes: v.exactOptional(positive('bytes', 'Bytes that may be written in its life (TBW)')),
    ...provenance,
  }),
  v.description('A flash drive page by page. Absent: the memory is its rates alone.'),
);
