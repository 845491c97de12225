import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { InputError, type InputIssue } from './errors.ts';
import { nearestName } from './nearest.ts';

export interface ReadOptions {
  /** Largest size that is read, in bytes; 8 MiB unless said otherwise. */
  readonly maxBytes?: number;
}

const DEFAULT_MAX_BYTES = 8 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
const STDIN = 0;

/**
 * The text of a UTF-8 file, without a byte order mark; `-` reads standard input.
 * @throws InputError when the file is missing (with the nearest sibling), a directory, unreadable, empty, larger than
 * `maxBytes` (known before it is read), or not UTF-8 text.
 */
export function readTextFile(path: string, options: ReadOptions = {}): string {
  let text = '';
  for (const chunk of readTextChunks(path, { maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES })) text += chunk;
  return text;
}

/**
 * The bytes of a file of any kind.
 * @throws InputError when the file is missing, a directory, unreadable, empty, or larger than `maxBytes`.
 */
export function readBinaryFile(path: string, options: ReadOptions = {}): Uint8Array {
  const max = options.maxBytes ?? DEFAULT_MAX_BYTES;
  const handle = open(path, path, max);
  try {
    const chunks = [...readBytes(handle, path, max)];
    const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  } finally {
    closeSync(handle);
  }
}

/** The same text in pieces, for traces too long to hold; without `maxBytes` there is no limit. */
export function* readTextChunks(path: string, options: ReadOptions = {}): Generator<string> {
  const file = path === '-' ? 'standard input' : path;
  const max = options.maxBytes ?? Number.POSITIVE_INFINITY;
  const handle = open(path, file, max);
  try {
    yield* decode(readBytes(handle, file, max), file);
  } finally {
    if (handle !== STDIN) closeSync(handle);
  }
}

const refuse = (file: string, code: InputIssue['code'], problem: string, more: Partial<InputIssue> = {}): InputError =>
  new InputError({ code, problem, ...more, place: { file } });

function open(path: string, file: string, max: number): number {
  if (path === '-') return STDIN;
  if (path === '' || path.includes('\0')) throw refuse(JSON.stringify(path), 'file_missing', 'this is no file name');
  try {
    // A directory or a huge file is refused before anything of it is read.
    const stat = statSync(path);
    if (stat.isDirectory()) throw refuse(file, 'file_unreadable', 'this is a directory', { expected: 'a file' });
    if (stat.size > max) throw tooBig(file, stat.size, max);
    return openSync(path, 'r');
  } catch (error) {
    throw error instanceof InputError ? error : explain(path, file, error);
  }
}

function tooBig(file: string, bytes: number, max: number): InputError {
  return refuse(file, 'too_big', `the file has ${bytes} bytes`, { expected: `at most ${max} bytes` });
}

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException).code ?? 'unknown fault');

function explain(path: string, file: string, error: unknown): InputError {
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return refuse(file, 'file_missing', 'there is no such file', { found: path, nearest: nearestFile(path) });
  }
  const problem = code === 'EACCES' || code === 'EPERM' ? 'there is no permission to read this file' : undefined;
  return refuse(file, 'file_unreadable', problem ?? `this file cannot be read (${code})`);
}

/** The sibling whose name is nearest, spelt as the path was. */
function nearestFile(path: string): string | undefined {
  try {
    const name = nearestName(basename(path), readdirSync(dirname(resolve(path))));
    return name === undefined ? undefined : path.slice(0, path.length - basename(path).length) + name;
  } catch {
    return undefined;
  }
}

function* readBytes(handle: number, file: string, max: number): Generator<Uint8Array> {
  let total = 0;
  for (;;) {
    const buffer = new Uint8Array(CHUNK_BYTES);
    const count = readSome(handle, buffer, file);
    if (count === 0) break;
    total += count;
    if (total > max) throw refuse(file, 'too_big', 'the file is too long', { expected: `at most ${max} bytes` });
    yield buffer.subarray(0, count);
  }
  if (total === 0) throw refuse(file, 'empty', 'the file is empty');
}

/** One read; a standard input that has nothing yet is waited for. */
function readSome(handle: number, buffer: Uint8Array, file: string): number {
  for (;;) {
    try {
      return readSync(handle, buffer, 0, buffer.length, null);
    } catch (error) {
      const code = codeOf(error);
      if (code === 'EOF') return 0;
      if (code !== 'EAGAIN') throw refuse(file, 'file_unreadable', `this file cannot be read (${code})`);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

function* decode(chunks: Iterable<Uint8Array>, file: string): Generator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const expected = 'UTF-8 text';
  const step = (bytes?: Uint8Array): string => {
    try {
      return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode();
    } catch {
      throw refuse(file, 'not_text', 'the file is not UTF-8', { expected });
    }
  };
  for (const chunk of chunks) {
    if (chunk.includes(0)) throw refuse(file, 'not_text', 'the file is binary', { expected });
    yield step(chunk);
  }
  yield step();
}
