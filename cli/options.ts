import { type Command, InvalidArgumentError } from 'commander';

/** Reads a whole number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`);
  };
}

/** Reads a number above 0. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d*)?$|^\.\d+$/.test(text) && value > 0) return value;
  throw new InvalidArgumentError('Expected a number above 0.');
}

/** Reads which memories of a machine are meant: so many from the fastest, or ids with commas between them. */
export function levelChoice(text: string): number | string[] {
  if (/^\d+$/.test(text)) return wholeNumber(2)(text);
  const ids = text.split(',').map((id) => id.trim());
  if (ids.length > 1 && !ids.includes('') && new Set(ids).size === ids.length) return ids;
  throw new InvalidArgumentError('Expected a whole number of at least 2, or two ids or more: onchip,cpu.');
}

/** Collects an option that may be given several times. */
export const collect = (text: string, before: readonly string[] = []): string[] => [...before, text];

/** What `run`, `fit` and their like understand: a study, or a machine and a model. */
export interface CaseOptions {
  readonly case?: string;
  readonly machine?: string;
  readonly model?: string;
  readonly prompt?: number;
  readonly output?: number;
  readonly batch?: number;
  readonly batches?: number;
  readonly dim?: readonly string[];
  readonly set?: readonly string[];
  readonly seed?: number;
}

/** Adds the options that choose what is simulated. */
export function withCaseOptions(command: Command): Command {
  return command
    .option('--case <id>', 'case of the study (default: base)')
    .option('--machine <id>', 'machine: an id, id/variant, or a file')
    .option('--model <id>', 'model: an id or a file')
    .option('--prompt <tokens>', 'prompt tokens (512 without a study)', wholeNumber(1))
    .option('--output <tokens>', 'output tokens (32 without a study)', wholeNumber(1))
    .option('--batch <n>', 'sequences computed together (1 without a study)', wholeNumber(1))
    .option('--batches <n>', 'batches that share each load of weights', wholeNumber(1))
    .option('--dim <name=n>', 'value of a dimension that an .onnx model leaves open; may be repeated', collect)
    .option('--set <path=value>', 'set any field; the value is YAML; may be repeated', collect)
    .option('--seed <n>', 'seed of the random streams', wholeNumber(0));
}
