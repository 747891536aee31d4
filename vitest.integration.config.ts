import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { withNest11 } from './vitest.config.ts'

/** What needs more than Node and npm's own cache: `npm run test:integration`. */
const config: ViteUserConfig = defineConfig({
  test: {
    // All of these only end what would never end.
    testTimeout: 600_000,
    hookTimeout: 900_000,
    teardownTimeout: 60_000,
    retry: process.env.CI === undefined ? 0 : 1,
    expect: { poll: { timeout: 30_000 } },
    pool: 'forks',
    fileParallelism: false,
    maxConcurrency: 2,
    projects: [
      { extends: true, test: { name: 'integration', include: ['test/integration/**/*.test.ts'] } },
      withNest11(['test/nest/contract.test.ts']),
    ],
  },
})

export default config
