import { defineConfig, type ViteUserConfig } from 'vitest/config';

// `unit`: the tests beside the code. `tidy`: the shape of the repository. `e2e`: the built program and the real tools.
// `conformance`: the suites that run against any API server. `inputs`: charts and manifests from a folder that is named.
const slow = { testTimeout: 90_000, hookTimeout: 90_000 };
const config: ViteUserConfig = defineConfig({
  test: {
    testTimeout: 20_000,
    // The slow lanes mostly wait for pods; more workers than cores let them wait together.
    maxWorkers: 3,
    projects: [
      { extends: true, test: { name: 'unit', include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts'] } },
      { extends: true, test: { name: 'tidy', include: ['tests/tidy/**/*.test.ts'] } },
      { extends: true, test: { name: 'e2e', include: ['tests/e2e/**/*.test.ts'], ...slow } },
      {
        extends: true,
        test: {
          name: 'conformance',
          include: ['tests/conformance/**/*.test.ts'],
          globalSetup: 'tests/conformance/setup.ts',
          // Scenarios wait for pods; more of them at once, and they wait for the processor, which shows in deadlines and Events.
          maxConcurrency: 12,
          ...slow,
        },
      },
      { extends: true, test: { name: 'inputs', include: ['tests/inputs/**/*.test.ts'], ...slow, testTimeout: 300_000 } },
    ],
  },
});

export default config;
