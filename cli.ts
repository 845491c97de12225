#!/usr/bin/env node
import nodeModule from 'node:module';

// Node 22.8 and later keep what they compiled, so that the next start is faster.
(nodeModule as { enableCompileCache?: () => unknown }).enableCompileCache?.();

const { main, processTerminal } = await import('./cli/main.ts');
process.exitCode = await main(process.argv.slice(2), processTerminal());
