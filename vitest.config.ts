import { fileURLToPath } from 'node:url'
import { defineConfig, type TestProjectInlineConfiguration, type ViteUserConfig } from 'vitest/config'

const nest11 = fileURLToPath(new URL('test/nest11/node_modules/@nestjs/', import.meta.url))

/** Tests of Nest, run with version 11 in place of the current one; all that are not here are in the other configuration. */
export function withNest11(include: string[]): TestProjectInlineConfiguration {
  return {
    extends: true,
    resolve: { alias: [{ find: /^@nestjs\//, replacement: nest11 }] },
    test: { name: 'with NestJS 11', env: { NESTJS: '11' }, include },
  }
}

const config: ViteUserConfig = defineConfig({
  test: {
    exclude: ['test/integration/**', '**/node_modules/**'],
    setupFiles: ['test/support/every-record-is-valid.ts', './test/support/properties.ts'],
    // All of these only end what would never end: a machine may be slow, and busy with something else.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    // Real sockets and processes on a machine that others may keep busy: what fails twice is broken.
    retry: process.env.CI === undefined ? 0 : 1,
    pool: 'forks',
    projects: [
      { extends: true, test: { name: 'griffier', include: ['src/**/*.test.ts', 'test/**/*.test.ts'] } },
      withNest11(['test/nest/behaviour.test.ts', 'test/nest/golden.test.ts']),
    ],
  },
})

export default config
