import { CommanderError } from 'commander';
import { EXIT, explainError } from './exit.ts';
import type { Terminal } from './terminal.ts';
import { buildTree } from './tree.ts';

export { processTerminal } from './terminal.ts';

/**
 * Runs one command line.
 * @returns the exit code; never throws
 */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = EXIT.ok;
  const tree = buildTree(terminal, async (work) => {
    code = await work();
  });
  try {
    await tree.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.input;
    const explained = explainError(error, args.includes('--debug'));
    terminal.note(explained.text);
    return explained.code;
  }
}
