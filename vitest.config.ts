import { defineConfig, type ViteUserConfig } from 'vitest/config'

const nest11 = new URL('test/nest11/node_modules/@nestjs/', import.meta.url).pathname

const config: ViteUserConfig = defineConfig({
  test: {
    exclude: ['test/integration/**', '**/node_modules/**'],
    setupFiles: ['test/support/every-record-is-valid.ts', './test/support/properties.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    pool: 'forks',
    projects: [
      { extends: true, test: { name: 'griffier', include: ['src/**/*.test.ts', 'test/**/*.test.ts'] } },
      {
        extends: true,
        resolve: { alias: [{ find: /^@nestjs\//, replacement: nest11 }] },
        test: { name: 'with NestJS 11', env: { NESTJS: '11' }, include: ['test/nest/**/*.test.ts'] },
      },
    ],
  },
})

export default config
