/**
 * Widths of text without a document: the advances of Liberation Sans (equal to Arial's and Helvetica's), in units of
 * 1/2048 em, from the font's `hmtx` table.
 * @module
 */

const UNITS_PER_EM = 2048;

/** U+0020 to U+007E. */
const ASCII: readonly number[] = [
  569, 569, 727, 1139, 1139, 1821, 1366, 391, 682, 682, 797, 1196, 569, 682, 569, 569, 1139, 1139, 1139, 1139, 1139,
  1139, 1139, 1139, 1139, 1139, 569, 569, 1196, 1196, 1196, 1139, 2079, 1366, 1366, 1479, 1479, 1366, 1251, 1593, 1479,
  569, 1024, 1366, 1139, 1706, 1479, 1593, 1366, 1593, 1479, 1366, 1251, 1479, 1366, 1933, 1366, 1366, 1251, 569, 569,
  569, 961, 1139, 682, 1139, 1139, 1024, 1139, 1139, 569, 1139, 1139, 455, 455, 1024, 455, 1706, 1139, 1139, 1139, 1139,
  682, 1024, 569, 1139, 1024, 1479, 1024, 1024, 1024, 684, 532, 684, 1196,
];

const OTHERS: Readonly<Record<string, number>> = {
  µ: 1180,
  '×': 1196,
  '÷': 1124,
  '±': 1124,
  '−': 1196,
  '–': 1139,
  '…': 2048,
  '·': 682,
  '†': 1139,
};

/** A character that the tables lack counts as an em. */
export function advance(character: string): number {
  const code = character.codePointAt(0)! - 0x20;
  return ASCII[code] ?? OTHERS[character] ?? UNITS_PER_EM;
}

/** Width in points of a text set in `size_pt`; kerning is ignored. */
export function measure(text: string, size_pt: number): number {
  let units = 0;
  for (const character of text) units += advance(character);
  return (units / UNITS_PER_EM) * size_pt;
}

/** Width of the widest text, 0 for none. */
export function widest(texts: readonly string[], size_pt: number): number {
  return texts.reduce((width, text) => Math.max(width, measure(text, size_pt)), 0);
}

/** The text cut to a width, its end replaced by `…`. */
export function clip(text: string, width_pt: number, size_pt: number): string {
  if (measure(text, size_pt) <= width_pt) return text;
  let cut = [...text];
  while (cut.length > 1 && measure(`${cut.join('')}…`, size_pt) > width_pt) cut = cut.slice(0, -1);
  return `${cut.join('').trimEnd()}…`;
}

/** The words of a text in lines of at most this width; a longer word stands alone. */
export function wrapText(text: string, width_pt: number, size_pt: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const joined = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && measure(joined, size_pt) <= width_pt) lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  return lines;
}
