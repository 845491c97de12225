import type { TensorTrace, TraceEvent, TraceOutput } from '../../../sim/types/index.ts';
import { Fields, type LogError, type LogLine, logError, logLines } from './lines.ts';

/**
 * The trace of a DTR instruction log (uwsampl/dtr-prototype: JSON Lines, one instruction a line, from `ANNOTATE START` on
 * where there is one). A mutation is copy on write: new tensors of the whole storage's size take the old ones' names.
 * What still has a reference at the end is an output.
 * @throws InputError with line and offset for a line that is cut off, an unknown instruction, a tensor that is not there,
 * or a release without an allocation.
 */
export function readDtrLog(text: string, file: string): TensorTrace {
  const error = logError(file);
  const lines = [...logLines(text, error)];
  const start = lines.findIndex(
    ({ fields }) => fields['INSTRUCTION'] === 'ANNOTATE' && fields['ANNOTATION'] === 'START',
  );
  if (lines.length === 0) throw error('the log is empty', null, 'instructions, one a line');
  return new LogReader(lines.slice(start + 1), namesOf(lines.slice(0, start + 1)), error).read();
}

/** Every name that these lines give. */
function namesOf(lines: readonly LogLine[]): Set<unknown> {
  return new Set(
    lines.flatMap(({ fields: { NAME, DST, RESULT } }) => [
      NAME,
      DST,
      ...(Array.isArray(RESULT) ? (RESULT as unknown[]) : []),
    ]),
  );
}

/** What a name stands for now. */
interface Named {
  readonly tensor: number;
  /** Bytes of the storage behind it. */
  readonly bytes: number;
  references: number;
}

class LogReader {
  private readonly lines: readonly LogLine[];
  private readonly error: LogError;
  private at = 0;
  private tensors = 0;
  private readonly names = new Map<string, Named>();
  /** Names from before the start of the step, which may be released inside it. */
  private readonly earlier: ReadonlySet<unknown>;
  private readonly events: TraceEvent[] = [];

  constructor(lines: readonly LogLine[], earlier: ReadonlySet<unknown>, error: LogError) {
    this.lines = lines;
    this.earlier = earlier;
    this.error = error;
  }

  read(): TensorTrace {
    for (let line = this.next(); line !== null; line = this.next()) this.take(line);
    for (const named of this.names.values()) {
      if (named.references > 0) this.events.push({ kind: 'output', tensor: named.tensor });
    }
    return { tensors: this.tensors, events: this.events };
  }

  private next(): LogLine | null {
    return this.lines[this.at++] ?? null;
  }

  private take(line: LogLine): void {
    const fields = new Fields(line, this.error);
    const instruction = fields.text('INSTRUCTION');
    switch (instruction) {
      case 'CONSTANT': {
        const name = fields.text('NAME');
        const bytes = this.memoryOf(line, name);
        this.events.push({ kind: 'constant', tensor: this.define(name, bytes, line).tensor, bytes });
        break;
      }
      case 'CALL':
        this.call(line, fields);
        break;
      case 'MUTATE':
        this.mutate(line, fields);
        break;
      case 'COPY': {
        const source = this.named(fields.text('SRC'), line);
        this.rename(fields.text('DST'), source, line);
        break;
      }
      case 'COPY_FROM': {
        const name = fields.text('DST');
        const old = this.named(name, line);
        const source = this.named(fields.text('SRC'), line);
        this.names.set(name, source);
        old.references -= 1;
        source.references += 1;
        this.events.push({ kind: 'release', tensor: old.tensor }, { kind: 'retain', tensor: source.tensor });
        break;
      }
      case 'RELEASE': {
        const name = fields.text('NAME');
        if (this.earlier.has(name) && !this.names.has(name)) break;
        const named = this.named(name, line);
        if (named.references === 0) {
          throw this.error(`"${name}" is released more often than it was taken`, line, 'one release a reference');
        }
        named.references -= 1;
        this.events.push({ kind: 'release', tensor: named.tensor });
        break;
      }
      case 'ANNOTATE':
        break;
      default:
        throw this.error(
          `unknown instruction ${JSON.stringify(instruction)}`,
          line,
          'CONSTANT, CALL, MUTATE, COPY, COPY_FROM, RELEASE or ANNOTATE',
        );
    }
  }

  private call(line: LogLine, fields: Fields): void {
    const inputs = fields.list('ARGS').map((name) => this.named(name, line));
    const outputs: TraceOutput[] = [];
    for (const name of fields.list('RESULT')) {
      const bytes = this.memoryOf(line, name);
      const alias = this.following(line, 'ALIAS', name);
      const alias_of = new Fields(alias, this.error).whole('ALIAS', -1);
      if (alias_of >= inputs.length) {
        throw this.error(`"${name}" is an alias of argument ${alias_of}`, alias, `at most ${inputs.length - 1}`);
      }
      // Bytes of the storage it shares.
      const behind = alias_of < 0 ? bytes : inputs[alias_of]!.bytes;
      const { tensor } = this.define(name, behind, line);
      outputs.push({ tensor, bytes: alias_of < 0 ? bytes : 0, alias_of });
    }
    this.events.push({
      kind: 'call',
      name: fields.text('NAME'),
      cost_ns: fields.whole('TIME'),
      inputs: inputs.map(({ tensor }) => tensor),
      outputs,
    });
  }

  private mutate(line: LogLine, fields: Fields): void {
    const args = fields.list('ARGS');
    const inputs = args.map((name) => this.named(name, line));
    const changed = fields.at('MUTATE').map((index) => {
      const name = args[index];
      if (name === undefined) throw this.error(`MUTATE names argument ${index}`, line, `at most ${args.length - 1}`);
      return name;
    });
    const olds = changed.map((name) => this.named(name, line));
    const made = olds.map(({ bytes }): Named => ({ tensor: this.tensors++, bytes, references: 1 }));
    this.events.push({
      kind: 'call',
      name: fields.text('NAME'),
      cost_ns: fields.whole('TIME'),
      inputs: inputs.map(({ tensor }) => tensor),
      outputs: made.map(({ tensor, bytes }) => ({ tensor, bytes, alias_of: -1 })),
    });
    changed.forEach((name, i) => {
      const old = this.named(name, line);
      this.names.set(name, made[i]!);
      old.references -= 1;
      this.events.push({ kind: 'release', tensor: old.tensor });
    });
  }

  private define(name: string, bytes: number, line: LogLine): Named {
    const named = { tensor: this.tensors++, bytes, references: 1 };
    this.rename(name, named, line, false);
    return named;
  }

  private rename(name: string, named: Named, line: LogLine, counts = true): void {
    if (this.names.has(name)) throw this.error(`"${name}" is made twice`, line, 'a new name');
    this.names.set(name, named);
    if (!counts) return;
    named.references += 1;
    this.events.push({ kind: 'retain', tensor: named.tensor });
  }

  private named(name: string, line: LogLine): Named {
    const named = this.names.get(name);
    if (named === undefined) throw this.error(`there is no tensor "${name}"`, line, 'a tensor made on an earlier line');
    return named;
  }

  private memoryOf(line: LogLine, name: string): number {
    return new Fields(this.following(line, 'MEMORY', name), this.error).whole('MEMORY');
  }

  /** The next line, which must be of this kind and name. */
  private following(line: LogLine, instruction: string, name: string): LogLine {
    const next = this.next();
    if (next !== null && next.fields['INSTRUCTION'] === instruction && next.fields['NAME'] === name) return next;
    throw this.error(
      `no ${instruction} line of "${name}" follows`,
      next ?? line,
      `the ${instruction} line of "${name}"`,
    );
  }
}
