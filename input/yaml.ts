import { Composer, type CST, type Document, Lexer, LineCounter, Parser } from 'yaml';
import { InputError, type Place } from './errors.ts';
import type { Path } from './path.ts';
import { YamlReader } from './yamlReader.ts';

/** Longest text that is parsed. Traces are CSV or JSONL; a YAML file is written by a person. */
export const MAX_YAML_CHARS = 8 * 1024 * 1024;
/** Deepest nesting of maps and lists. */
export const MAX_YAML_DEPTH = 64;
/** Lexical tokens: about a second of parsing. */
const MAX_TOKENS = 500_000;
const MAX_ANCHORS = 1000;

/** A YAML text read into plain data that remembers where everything stood. */
export interface YamlSource {
  /** The name of the file, as messages give it. */
  readonly file: string;
  /** Maps as objects, lists as arrays, and text, numbers, booleans and nulls. */
  readonly value: unknown;
  /**
   * Where the value at `path` stands, or with `part: 'key'` its key. For a path that leads nowhere, where the deepest
   * map or list on the way stands.
   */
  place(path: Path, part?: 'key' | 'value'): Place;
}

export interface YamlOptions {
  /** What the root must be; `map` unless said otherwise. */
  readonly root?: 'map' | 'any';
}

/**
 * Reads one YAML 1.2 document. `file` names it in messages.
 * @throws InputError, with the place, on bad syntax, duplicate or forbidden keys, unknown tags, whole numbers beyond
 * 2^53, numbers that are not finite, several documents, an empty document, a root that is not a map, and on texts too
 * long, too deep or too expanded by aliases.
 */
export function parseYaml(text: string, file: string, options: YamlOptions = {}): YamlSource {
  if (text.length > MAX_YAML_CHARS) {
    throw new InputError({
      code: 'too_big',
      problem: `the text has ${text.length} characters`,
      expected: `at most ${MAX_YAML_CHARS} characters of YAML (a long table belongs in a CSV file)`,
      place: { file },
    });
  }
  const lines = new LineCounter();
  lines.addNewLine(0);
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const document = compose(tokenise(text, lines, placeAt), placeAt);
  const reader = new YamlReader(placeAt, MAX_YAML_DEPTH);
  if (!document?.contents) throw new InputError({ code: 'empty', problem: 'the document is empty', place: { file } });
  const root = document.contents;
  const value = reader.read(root);
  if ((options.root ?? 'map') === 'map' && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    throw new InputError({
      code: 'wrong_type',
      problem: `the document is ${Array.isArray(value) ? 'a list' : 'a single value'}`,
      expected: 'a map of keys to values',
      place: placeAt(root.range[0]),
    });
  }
  return { file, value, place: (path, part = 'value') => placeAt(reader.offsetOf(root, path, part)) };
}

/**
 * The concrete syntax of the text. The composer after it recurses, so depth is bounded here, where nesting is a stack.
 */
function tokenise(text: string, lines: LineCounter, placeAt: (offset: number) => Place): CST.Token[] {
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  let count = 0;
  let anchors = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (lexeme.startsWith('&')) anchors++;
    // A level of ours takes at most two of the parser's.
    if (parser.stack.length > 2 * MAX_YAML_DEPTH + 2) {
      throw new InputError({
        code: 'too_deep',
        problem: 'maps and lists are nested too deeply',
        expected: `at most ${MAX_YAML_DEPTH} levels`,
        place: placeAt(parser.offset),
      });
    }
    if (++count > MAX_TOKENS || anchors > MAX_ANCHORS) {
      throw new InputError({
        code: 'too_big',
        problem: anchors > MAX_ANCHORS ? 'the document has too many anchors' : 'the document has too many parts',
        expected: anchors > MAX_ANCHORS ? `at most ${MAX_ANCHORS}` : 'a shorter file (a long table belongs in a CSV)',
        place: placeAt(parser.offset),
      });
    }
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}

function compose(tokens: CST.Token[], placeAt: (offset: number) => Place): Document.Parsed | undefined {
  const composer = new Composer({
    prettyErrors: false,
    intAsBigInt: true,
    schema: 'core',
    resolveKnownTags: false,
    uniqueKeys: false, // the reader refuses duplicates itself, in linear time
  });
  let document: Document.Parsed | undefined;
  for (const next of composer.compose(tokens)) {
    if (document) {
      throw new InputError({
        code: 'many_documents',
        problem: 'a second document begins here',
        expected: 'one document a file',
        place: placeAt(next.range[0]),
      });
    }
    const fault = next.errors[0] ?? next.warnings[0];
    if (fault) {
      const message = fault.message.split('\n')[0]!.replace(/[.:]$/, '');
      throw new InputError({
        code: 'yaml_syntax',
        problem: `bad YAML: ${message.slice(0, 200)}`,
        place: placeAt(fault.pos[0]),
      });
    }
    document = next;
  }
  return document;
}
