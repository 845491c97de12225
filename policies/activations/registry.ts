import { activations as dtr } from './dtr.ts';
import { activations as full } from './full.ts';
import { activations as keep } from './keep.ts';
import { activations as offload } from './offload.ts';
import { activations as ops } from './ops.ts';
import { activations as optimal } from './optimal/index.ts';
import type { ActivationDefinition } from './part.ts';
import { activations as saved } from './saved.ts';
import { activations as selective } from './selective.ts';
import { activations as thin } from './thin.ts';
import { activations as tokenSwap } from './token-swap.ts';

/** Every kind of the `activations` part, one line each. */
export const ACTIVATIONS = [keep, full, selective, ops, offload, tokenSwap, optimal, thin, saved, dtr] as const;

/** The definition of a kind that the schema has accepted. */
export function activationsOf(kind: string): ActivationDefinition {
  return ACTIVATIONS.find((definition) => definition.kind === kind) as unknown as ActivationDefinition;
}
