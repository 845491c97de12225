import { formatQuantity } from '../input/formatQuantity.ts';

export { formatQuantity } from '../input/formatQuantity.ts';

/** Bytes in powers of ten, so that they divide by a rate at sight: `5.23 TB`. */
export function formatMovedBytes(bytes: number): string {
  return formatQuantity(bytes, 'bytes_per_s').replace(/\/s$/, '');
}

/** Three significant digits without trailing zeros; whole numbers from 1000 on keep every digit. */
export function threeDigits(value: number): string {
  return Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

/** `7.32 token/s`. */
export function formatRate(value: number, unit: string): string {
  return `${threeDigits(value)} ${unit}`;
}

/** A signed fraction as a percentage with one decimal: `+3.4%`, `-12.0%`; nothing for null. */
export function formatError(error: number | null): string {
  if (error === null) return '';
  const percent = (error * 100).toFixed(1);
  return `${error > 0 ? '+' : ''}${percent === '-0.0' ? '0.0' : percent}%`;
}

/** A fraction as a whole percentage, `<1%` where it would round to nothing. */
export function formatShare(fraction: number): string {
  const percent = Math.round(fraction * 100);
  return percent === 0 && fraction > 0 ? '<1%' : `${percent}%`;
}

/** Columns a text takes in a terminal: combining marks take none. */
export function textWidth(text: string): number {
  return [...text.normalize('NFC').replace(/\p{M}/gu, '')].length;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - textWidth(text))) + text;
}

/** The text cut to a width, its end replaced by `…`. */
export function truncate(text: string, width: number): string {
  return textWidth(text) <= width ? text : `${[...text].slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** The words of a text in lines of at most `width` columns; a longer word stands alone. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && textWidth(last) + 1 + textWidth(word) <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
