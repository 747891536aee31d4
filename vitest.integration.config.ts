import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { withNest11 } from './vitest.config.ts'

/** What needs more than Node and npm's own cache: `npm run test:integration`. */
const config: ViteUserConfig = defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 600_000,
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
