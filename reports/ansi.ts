/** Terminal colours, each a function from text to text; all are the identity when colour is off. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly blue: (text: string) => string;
  readonly cyan: (text: string) => string;
  readonly magenta: (text: string) => string;
}

const sgr = (open: number, close: number) => (text: string) =>
  text === '' ? '' : `\u001b[${open}m${text}\u001b[${close}m`;
const plain = (text: string): string => text;

export function paint(color: boolean): Paint {
  const code = (open: number, close = 39) => (color ? sgr(open, close) : plain);
  return {
    bold: code(1, 22),
    dim: code(2, 22),
    red: code(31),
    green: code(32),
    yellow: code(33),
    blue: code(34),
    cyan: code(36),
    magenta: code(35),
  };
}

/**
 * Whether to colour: NO_COLOR (any non-empty value) forbids it, FORCE_COLOR other than `0` asks for it, else only a
 * terminal gets it (no-color.org).
 */
export function wantsColor(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '') return env['FORCE_COLOR'] !== '0';
  return isTerminal && env['TERM'] !== 'dumb';
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

/** A horizontal bar of `fraction` (clamped to 0..1) of `width` cells, to an eighth of a cell; a positive one is never empty. */
export function bar(fraction: number, width: number): string {
  const clamped = Math.min(1, Math.max(0, fraction));
  const eighths = Math.max(clamped > 0 ? 1 : 0, Math.round(clamped * width * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!;
}
