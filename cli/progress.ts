import type { Terminal } from './terminal.ts';

export interface Progress {
  /** One more piece of work begins; `what` names it. */
  readonly step: (what: string) => void;
  /** Takes the line away. */
  readonly done: () => void;
}

const CLEAR_LINE = '\r\u001b[K';

/** One line on standard error that says how far long work is; silent where that is no screen. */
export function progress(terminal: Terminal, total: number): Progress {
  if (!terminal.notesToScreen) return { step: () => {}, done: () => {} };
  let begun = 0;
  return {
    step(what) {
      begun += 1;
      terminal.note(`${CLEAR_LINE}${begun}/${total} ${what}`.slice(0, terminal.width));
    },
    done: () => terminal.note(CLEAR_LINE),
  };
}
