#!/usr/bin/env node
import nodeModule from 'node:module';

// Node 22.8 and later keep what they compiled, so that the next start is faster.
(nodeModule as { enableCompileCache?: () => unknown }).enableCompileCache?.();

const { main } = await import('./cli/main.ts');
const { processTerminal } = await import('./cli/terminal.ts');
process.exitCode = await main(process.argv.slice(2), processTerminal());
