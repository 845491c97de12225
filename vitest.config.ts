import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules', 'dist', 'out'],
    testTimeout: 300_000,
    coverage: {
      provider: 'v8',
      include: ['cli.ts', 'cli', 'sim', 'input', 'hardware', 'workloads', 'policies', 'studies', 'reports'].map((d) =>
        d.endsWith('.ts') ? d : `${d}/**/*.ts`,
      ),
      exclude: ['**/*.test.ts'],
    },
  },
});
