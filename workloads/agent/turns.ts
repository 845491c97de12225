import { InputError } from '../../input/errors.ts';
import type { AgentFields, CallFields, StoreFields } from './schema.ts';

/**
 * What each turn asks for, from the fields of the workload alone.
 * @module
 */

/** One call of a model: a prompt, of whose beginning some tokens have their keys and values already, and an output. */
export interface Call {
  readonly id: string;
  readonly model: string;
  readonly batch: number;
  readonly prompt: number;
  readonly reused: number;
  readonly output: number;
}

/** What one turn does with the store. Bytes of all its look-ups and insertions. */
export interface StoreTraffic {
  /** Entries when the turn begins, and the bytes they and their graph take. */
  readonly entries: number;
  readonly held_bytes: number;
  readonly read_bytes: number;
  /** Separate places that are read. */
  readonly reads: number;
  readonly written_bytes: number;
  readonly returned_bytes: number;
}

export interface Turn {
  readonly calls: readonly Call[];
  readonly store: StoreTraffic | null;
}

/** The turns in order. Every call's model must be known: `model` of the workload, or its own. */
export function turnsOf(fields: AgentFields): Turn[] {
  const state = new Map<string, History>();
  return Array.from({ length: fields.turns }, (_, turn) => {
    const made = fields.calls.filter(({ every }) => turn % every === 0);
    return {
      calls:
        fields.context === 'turn'
          ? sharedContext(fields, made, turn)
          : made.flatMap((call) => callsOf(fields, call, turn, state)),
      store: fields.store === undefined ? null : storeTraffic(fields.store, turn),
    };
  });
}

/**
 * Calls that go on in one context: each reads what those before it read and wrote, and its own new tokens. Its beginning
 * is theirs, and for the first what begins every turn.
 * @throws InputError for a history, which such calls have anyway.
 */
function sharedContext(fields: AgentFields, calls: readonly CallFields[], turn: number): Call[] {
  let said = 0;
  return calls.flatMap((call) => {
    if (call.history !== 'none') {
      const problem = `the call ${JSON.stringify(call.id)} has a history, and its turn one context`;
      throw new InputError({
        code: 'bad_value',
        problem,
        found: String(call.history),
        expected: 'none beside `context: turn`',
      });
    }
    return Array.from({ length: call.times }, (): Call => {
      const beginning = said > 0 ? said : turn > 0 ? call.fixed : 0;
      const prompt = Math.max(1, said + call.fixed + call.retrieved + call.input);
      said = prompt + call.output;
      const reused = fields.prefix_cache === 'none' ? 0 : Math.min(beginning, prompt - 1);
      const { id, batch, output } = call;
      return { id, model: call.model ?? fields.model ?? '', batch, prompt, reused, output };
    });
  });
}

/** What the last call of a kind left behind. */
interface History {
  readonly fixed: number;
  /** Tokens of its prompt and output that the next prompt begins with. */
  readonly beginning: number;
}

function callsOf(fields: AgentFields, call: CallFields, turn: number, state: Map<string, History>): Call[] {
  const past = call.history === 'all' ? turn : call.history === 'none' ? 0 : Math.min(turn, call.history);
  const said = past * (call.input + call.output);
  const prompt = Math.max(1, call.fixed + said + call.retrieved + call.input);
  const before = state.get(call.id);
  // What is retrieved stands behind the conversation, so it never spoils its beginning; a history that slides does.
  const slides = typeof call.history === 'number' && turn > call.history;
  const shared = before === undefined ? 0 : slides ? Math.min(before.fixed, call.fixed) : before.beginning;
  const model = call.model ?? fields.model ?? '';
  const make = (reused: number): Call => {
    const kept = fields.prefix_cache === 'none' ? 0 : Math.min(reused, prompt - 1);
    return { id: call.id, model, batch: call.batch, prompt, reused: kept, output: call.output };
  };
  // Where something is retrieved the answer's own keys stand behind it, at other places: the next turn computes them again.
  const beginning =
    call.history === 'none' ? call.fixed : call.fixed + said + (call.retrieved === 0 ? call.input + call.output : 0);
  state.set(call.id, { fixed: call.fixed, beginning });
  const repeats = Array.from({ length: call.times - 1 }, () => make(call.fixed + said));
  return [make(shared), ...repeats];
}

/** Entries at the start of a turn; a full store takes no more. */
export function entriesAt({ entries, added, capacity }: StoreFields, turn: number): number {
  return Math.min(Math.floor(entries + turn * added), capacity ?? Number.POSITIVE_INFINITY);
}

function storeTraffic(store: StoreFields, turn: number): StoreTraffic {
  const entries = entriesAt(store, turn);
  const { entry_bytes, lookup, lookups, returned } = store;
  const one = lookupBytes(store, entries);
  const added = Math.floor(store.entries + (turn + 1) * store.added) - Math.floor(store.entries + turn * store.added);
  const graph = lookup?.kind === 'graph' ? lookup.edges * lookup.edge_bytes : 0;
  return {
    entries,
    held_bytes: entries * entry_bytes + graph,
    read_bytes: lookup === undefined ? 0 : lookups * one.bytes,
    reads: lookup === undefined ? 0 : lookups * one.reads,
    written_bytes: added * entry_bytes,
    returned_bytes: lookups * Math.min(returned, entries) * entry_bytes,
  };
}

/** Bytes that one look-up reads, and in how many places. */
function lookupBytes({ entry_bytes, lookup }: StoreFields, entries: number): { bytes: number; reads: number } {
  if (lookup?.kind === 'gather') {
    const rows = Math.min(lookup.rows, entries);
    return { bytes: rows * entry_bytes, reads: rows };
  }
  if (lookup?.kind === 'graph') return { bytes: lookup.iterations * lookup.edges * lookup.edge_bytes, reads: 1 };
  return { bytes: entries * entry_bytes, reads: 1 };
}
