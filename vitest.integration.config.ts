import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** What needs more than Node and npm's own cache: `npm run test:integration`. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/integration/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 600_000,
    pool: 'forks',
    fileParallelism: false,
  },
})

export default config
