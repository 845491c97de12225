import { parentPort } from 'node:worker_threads';
import { InputError, type InputIssue } from '../input/errors.ts';
import { PolicyError } from '../sim/errors.ts';
import { filesBeside } from '../studies/load.ts';
import type { Outcome } from '../studies/outcome.ts';
import type { ResolvedCase } from '../studies/resolve.ts';
import { makeRunner, type RunCase } from '../studies/run.ts';

/** What the pool sends: one case to simulate. */
export interface CaseJob {
  /** File of the study; models that it names by path stand beside it. */
  readonly studyFile: string;
  readonly resolved: ResolvedCase;
}

/** An error in a form that crosses threads: a class of ours does not survive the copy. */
export type Fault =
  | { readonly kind: 'input'; readonly issues: readonly [InputIssue, ...InputIssue[]] }
  | { readonly kind: 'policy'; readonly message: string }
  | { readonly kind: 'other'; readonly error: unknown };

/** What comes back: how the case ended, or the error that stopped it. */
export type CaseReply = { readonly outcome: Outcome } | { readonly fault: Fault };

function faultOf(error: unknown): Fault {
  if (error instanceof InputError) return { kind: 'input', issues: error.issues };
  if (error instanceof PolicyError) return { kind: 'policy', message: error.message };
  return { kind: 'other', error };
}

const runners = new Map<string, RunCase>();

function runnerOf(studyFile: string): RunCase {
  const known = runners.get(studyFile) ?? makeRunner(filesBeside(studyFile));
  runners.set(studyFile, known);
  return known;
}

parentPort?.on('message', async ({ studyFile, resolved }: CaseJob) => {
  let reply: CaseReply;
  try {
    reply = { outcome: await runnerOf(studyFile)(resolved) };
  } catch (error) {
    reply = { fault: faultOf(error) };
  }
  parentPort?.postMessage(reply);
});
