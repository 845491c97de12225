import * as v from 'valibot';
import type { Counter } from '../../sim/types/index.ts';
import { defineChart } from '../chart.ts';
import { formatQuantity } from '../format.ts';
import { drawFrame } from '../marks/frame.ts';
import type { LegendItem } from '../marks/legend.ts';
import { label, line, path, polyline } from '../marks/pen.ts';
import { axisTitle, axisUnit } from '../marks/units.ts';
import { words } from '../metrics.ts';
import { pointsOption } from '../options.ts';
import { INK, seriesStyles } from '../themes.ts';
import { thinned } from '../thinned.ts';

const optionsSchema = v.strictObject({
  memory: v.optional(
    v.pipe(v.string(), v.description('Id of the memory. Default: the first of the machine that the timeline has.')),
  ),
  case: v.optional(v.pipe(v.string(), v.description('Case to show. Default: the first result with a timeline.'))),
  points: pointsOption('instants'),
});
type Options = v.InferOutput<typeof optionsSchema>;

type Held = {
  readonly at_s: number;
  readonly memory: string;
  readonly kind: string;
  readonly bytes: number;
  readonly capacity_bytes: number | null;
  /** Part of a training step that the instant is in; empty where there are none. */
  readonly phase: string;
};

/** Parts of a training step, by the category of what its first stage runs. */
const PHASES: Readonly<Record<string, string>> = { forward: 'forward', backward: 'backward', optimizer: 'update' };
/** More stretches than these are too narrow for their names. */
const MOST_STRETCHES = 5;
/** Narrowest stretch that carries its name, as a share of the width. */
const NAMED_SHARE = 0.12;

/** Kinds from the longest lived at the bottom to the shortest at the top. */
const ORDER = ['weight', 'optimizer', 'index', 'table', 'kv', 'gradient', 'activation', 'workspace'];

const kindsOf = (rows: readonly Held[]): string[] =>
  ORDER.filter((kind) => rows.some((row) => row.kind === kind && row.bytes > 0));

/** Value of a step function at each of the ascending instants. */
function sample(counter: Counter, instants: readonly number[]): number[] {
  let next = 0;
  let value = 0;
  return instants.map((at) => {
    while (next < counter.samples.length && counter.samples[next]![0] <= at) value = counter.samples[next++]![1];
    return value;
  });
}

export const chart = defineChart<Options, Held>({
  kind: 'occupancy',
  description: 'What a memory holds over time, stacked by kind of tensor, under its capacity.',
  optionsSchema,
  rows(inputs, options) {
    const input = inputs.find(
      ({ result, timeline }) => timeline && (options.case === undefined || result.case === options.case),
    );
    if (!input?.timeline) return [];
    const found = input.timeline.counters.flatMap((counter) => {
      const [, id, kind] = /^memory\.([^.]+)\.(\w+)$/.exec(counter.name) ?? [];
      return id !== undefined && kind !== undefined ? [{ id, kind, counter }] : [];
    });
    const memory = options.memory ?? found[0]?.id;
    const chosen = found.filter(({ id }) => id === memory);
    const facts = input.machine?.memories.find(({ id }) => id === memory);
    const capacity_bytes = facts ? facts.capacity_bytes - facts.reserved_bytes : null;
    const end = Math.max(0, ...input.timeline.spans.map((span) => span.end_ns));
    const instants = [...new Set([0, ...chosen.flatMap(({ counter }) => counter.samples.map(([at]) => at)), end])].sort(
      (a, b) => a - b,
    );
    const values = chosen.map(({ counter }) => sample(counter, instants));
    const spans = input.timeline.spans.filter(({ track, category }) => track === 0 && category in PHASES);
    const phaseAt = (ns: number): string =>
      PHASES[spans.find(({ start_ns, end_ns }) => start_ns <= ns && ns < end_ns)?.category ?? ''] ?? '';
    const held = (at: number): number => values.reduce((sum, row) => sum + row[at]!, 0);
    return thinned(instants.length, held, options.points).flatMap((index) =>
      chosen.map(({ kind }, i) => ({
        at_s: instants[index]! / 1e9,
        memory: memory!,
        kind,
        bytes: values[i]![index]!,
        capacity_bytes,
        phase: phaseAt(instants[index]!),
      })),
    );
  },
  draw(svg, rows, _, theme, canvas) {
    const kinds = kindsOf(rows);
    const styles = seriesStyles(kinds);
    const instants = [...new Set(rows.map((row) => row.at_s))];
    const bytes = new Map(rows.map((row) => [`${row.at_s} ${row.kind}`, row.bytes]));
    const held = (at: number, kind: string): number => bytes.get(`${at} ${kind}`) ?? 0;
    const capacity = rows[0]!.capacity_bytes;
    const fullest = Math.max(...instants.map((at) => kinds.reduce((sum, kind) => sum + held(at, kind), 0)));
    const stretches = stretchesOf(rows, instants);
    const unit = axisUnit('bytes', capacity ?? fullest);
    const time = axisUnit('s', instants.at(-1)!);
    const legend: LegendItem[] = kinds.map((kind) => ({ name: words(kind), style: styles.get(kind)!, swatch: 'fill' }));
    const frame = drawFrame(
      svg,
      {
        ...canvas,
        x: { domain: [instants[0]! / time.size, instants.at(-1)! / time.size], title: axisTitle('time', time) },
        y: {
          domain: [0, (Math.max(capacity ?? 0, fullest) * (stretches.length > 0 ? 1.24 : 1.12)) / unit.size],
          title: axisTitle(`held by ${words(rows[0]!.memory)}`, unit),
        },
        legend,
      },
      theme,
    );
    const below = instants.map(() => 0);
    for (const kind of kinds) {
      const floor = instants.map((at, i) => [frame.x(at / time.size), frame.y(below[i]! / unit.size)] as const);
      instants.forEach((at, i) => {
        below[i]! += held(at, kind);
      });
      const top = instants.map((at, i) => [frame.x(at / time.size), frame.y(below[i]! / unit.size)] as const);
      const d = `${polyline(top, true)}${back(floor)}Z`;
      path(frame.plot, d, { fill: frame.fills.of(styles.get(kind)!), stroke: INK, 'stroke-width': 0.3 });
    }
    stretches.forEach(({ phase, from, to }, i) => {
      const [left, right] = [frame.x(from / time.size), frame.x(to / time.size)];
      if (right - left < NAMED_SHARE * (frame.box.x1 - frame.box.x0)) return;
      const { y0, y1 } = frame.box;
      if (i > 0) line(svg, left, y0, left, y1, { stroke: INK, 'stroke-width': 0.5, 'stroke-dasharray': '1 2' });
      label(svg, (left + right) / 2, Math.min(y0, y1) + theme.small_pt * 0.9, phase, {
        size: theme.small_pt,
        anchor: 'middle',
        halo: true,
      });
    });
    if (capacity === null) return;
    const y = frame.y(capacity / unit.size);
    line(svg, frame.box.x0, y, frame.box.x1, y, { stroke: INK, 'stroke-width': 0.8, 'stroke-dasharray': '4 2' });
    label(svg, frame.box.x1 - 2, y - theme.small_pt * 0.75, `capacity ${formatQuantity(capacity, 'bytes')}`, {
      size: theme.small_pt,
      anchor: 'end',
      halo: true,
    });
  },
  vegaLite: (rows) => ({
    layer: [
      {
        mark: { type: 'area', interpolate: 'step-after' },
        encoding: {
          y: { field: 'bytes', type: 'quantitative', stack: 'zero', title: `Held by ${rows[0]!.memory} (bytes)` },
          color: { field: 'kind', type: 'nominal' },
        },
      },
      {
        mark: { type: 'rule', strokeDash: [4, 2] },
        encoding: { y: { field: 'capacity_bytes', type: 'quantitative', aggregate: 'max' }, x: null },
      },
    ],
    encoding: { x: { field: 'at_s', type: 'quantitative', title: 'Time (s)' } },
  }),
});

interface Stretch {
  readonly phase: string;
  readonly from: number;
  readonly to: number;
}

/** Stretches of one phase, in seconds; none where there are no phases or too many. */
function stretchesOf(rows: readonly Held[], instants: readonly number[]): Stretch[] {
  const phases = new Map(rows.map(({ at_s, phase }) => [at_s, phase]));
  const stretches: Stretch[] = [];
  instants.slice(0, -1).forEach((at, i) => {
    const phase = phases.get(at)!;
    const last = stretches.at(-1);
    const to = instants[i + 1]!;
    if (last?.phase === phase) stretches[stretches.length - 1] = { ...last, to };
    else stretches.push({ phase, from: at, to });
  });
  const named = stretches.filter(({ phase }) => phase !== '');
  return named.length > MOST_STRETCHES ? [] : named;
}

/** The steps of a floor, walked from right to left. */
function back(floor: readonly (readonly [number, number])[]): string {
  const corners = floor.flatMap(([x, y], i) =>
    i > 0 ? [[x, floor[i - 1]![1]] as const, [x, y] as const] : [[x, y] as const],
  );
  const turns = corners.filter(
    ([, y], i) => i === 0 || i === corners.length - 1 || y !== corners[i - 1]![1] || y !== corners[i + 1]![1],
  );
  return polyline(turns.reverse()).replace('M', 'L');
}
