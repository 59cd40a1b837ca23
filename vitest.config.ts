import { defineConfig, type ViteUserConfig } from 'vitest/config';

// Two lanes: `unit` is every test beside the code; `tidy` holds the shape of the repository itself.
const config: ViteUserConfig = defineConfig({
  test: {
    testTimeout: 20_000,
    projects: [
      { extends: true, test: { name: 'unit', include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts'] } },
      { extends: true, test: { name: 'tidy', include: ['tests/tidy/**/*.test.ts'] } },
      {
        extends: true,
        test: { name: 'e2e', include: ['tests/e2e/**/*.test.ts'], testTimeout: 90_000, hookTimeout: 60_000, fileParallelism: false },
      },
    ],
  },
});

export default config;
