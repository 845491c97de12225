import { describe, expect, it } from 'vitest';
import { Simulation } from './simulation.ts';
import { MAX_TIME_NS } from './time.ts';

/** A simulation whose only handler logs (now, a). */
function logging(options = {}) {
  const sim = new Simulation(options);
  const log: [number, number][] = [];
  const note = sim.register((a) => log.push([sim.now, a]));
  return { sim, log, note };
}

function code(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return 'nothing thrown';
}

describe('time', () => {
  it('starts at zero and moves to each event', () => {
    const { sim, log, note } = logging();
    sim.at(20, note, 2);
    sim.after(10, note, 1);
    expect(sim.now).toBe(0);
    expect(sim.run()).toBe('drained');
    expect(log).toEqual([
      [10, 1],
      [20, 2],
    ]);
    expect([sim.now, sim.events, sim.pending]).toEqual([20, 2, 0]);
  });

  it('stands still for events of the same instant, in phase order', () => {
    const { sim, log, note } = logging();
    sim.at(3, note, 2, 0, 1);
    sim.at(3, note, 1, 0, 0);
    sim.run();
    expect(log).toEqual([
      [3, 1],
      [3, 2],
    ]);
  });

  it('lets a handler schedule at the present', () => {
    const { sim, log, note } = logging();
    const twice = sim.register(() => sim.after(0, note, 7));
    sim.at(4, twice);
    sim.run();
    expect(log).toEqual([[4, 7]]);
  });
});

describe('handlers', () => {
  it('receive the payload of their own kind', () => {
    const sim = new Simulation();
    const log: string[] = [];
    const add = sim.register((a, b) => log.push(`add ${a} ${b}`));
    const drop = sim.register((a, b) => log.push(`drop ${a} ${b}`));
    sim.at(1, drop, 5, -6);
    sim.at(0, add, 1, 2);
    sim.run();
    expect(log).toEqual(['add 1 2', 'drop 5 -6']);
  });
});

describe('run until', () => {
  it('includes the instant and leaves the clock there', () => {
    const { sim, log, note } = logging();
    for (const time of [1, 5, 6]) sim.at(time, note);
    expect(sim.run(5)).toBe('reached');
    expect(log).toEqual([
      [1, 0],
      [5, 0],
    ]);
    expect([sim.now, sim.nextTime]).toEqual([5, 6]);
    expect(sim.run(100)).toBe('drained');
    expect(sim.now).toBe(100);
  });

  it('refuses the past', () => {
    const { sim } = logging();
    sim.run(5);
    expect(code(() => sim.run(4))).toBe('past');
  });
});

describe('stop', () => {
  it('returns after the present event, and the run can go on', () => {
    const { sim, log, note } = logging();
    const halt = sim.register(() => sim.stop());
    sim.at(1, halt);
    sim.at(1, note);
    expect(sim.run(9)).toBe('stopped');
    expect([sim.now, log]).toEqual([1, []]);
    expect(sim.run()).toBe('drained');
    expect(log).toEqual([[1, 0]]);
  });
});

describe('cancel', () => {
  it('keeps an event from running', () => {
    const { sim, log, note } = logging();
    const handle = sim.at(1, note);
    expect([sim.cancel(handle), sim.cancel(handle)]).toEqual([true, false]);
    expect(sim.run()).toBe('drained');
    expect(log).toEqual([]);
  });
});

describe('misuse has a name', () => {
  it.each([
    ['past', -1],
    ['not-integer', 10.5],
    ['not-integer', Number.NaN],
    ['overflow', MAX_TIME_NS + 1],
    ['overflow', Number.POSITIVE_INFINITY],
  ])('%s: an event at %d', (expected, time) => {
    const { sim, note } = logging();
    expect(code(() => sim.at(time, note))).toBe(expected);
  });

  it('past: before a clock that has moved', () => {
    const { sim, note } = logging();
    sim.run(10);
    expect(code(() => sim.at(9, note))).toBe('past');
    expect(code(() => sim.after(-1, note))).toBe('past');
  });

  it('unknown-kind: no handler', () => {
    const { sim } = logging();
    expect([1, -1, 0.5].map((kind) => code(() => sim.at(0, kind)))).toEqual(Array(3).fill('unknown-kind'));
  });

  it('event-limit: a loop that never lets time pass', () => {
    const sim = new Simulation({ eventLimit: 1000 });
    const again = sim.register(() => sim.after(0, again));
    sim.at(0, again);
    expect(code(() => sim.run())).toBe('event-limit');
  });

  it('reentrant: run inside run', () => {
    const sim = new Simulation();
    const nested = sim.register(() => sim.run());
    sim.at(0, nested);
    expect(code(() => sim.run())).toBe('reentrant');
  });
});
