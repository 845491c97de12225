import { type FlashDevice, planesOf } from './device.ts';

/** Pages that a command unit can hold beside the one it is reading: its page register, and a cache register. */
const REGISTERS = { holding: 1, caching: 2 } as const;

export function registersOf(device: FlashDevice): number {
  return device.holds_page ? REGISTERS.holding : REGISTERS.caching;
}

/** Of each plane, by its number: its command unit, its die among all, and its bit inside that die. */
export interface PlaneLayout {
  /** Command units of a channel, which follow one another. */
  readonly unitsPerChannel: number;
  readonly unitOf: Int32Array;
  readonly dieOf: Int32Array;
  readonly bitOf: Int32Array;
}

/** Planes are numbered round the channels first, then the chips, dies and planes (CWDP of Tavakkol et al., MQSim, FAST 2018). */
export function layoutOf(device: FlashDevice): PlaneLayout {
  const { channels, chips_per_channel: chips, dies_per_chip: dies } = device;
  const perDie = device.command_unit === 'die';
  const unitsPerChannel = chips * (perDie ? dies : 1);
  const planes = Array.from({ length: planesOf(device) }, (_, plane) => {
    const chip = Math.floor(plane / channels) % chips;
    const die = Math.floor(plane / (channels * chips)) % dies;
    const channel = plane % channels;
    return {
      unit: channel * unitsPerChannel + (perDie ? chip * dies + die : chip),
      die: (channel * chips + chip) * dies + die,
      bit: 1 << Math.floor(plane / (channels * chips * dies)),
    };
  });
  return {
    unitsPerChannel,
    unitOf: Int32Array.from(planes, ({ unit }) => unit),
    dieOf: Int32Array.from(planes, ({ die }) => die),
    bitOf: Int32Array.from(planes, ({ bit }) => bit),
  };
}
