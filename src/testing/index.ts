export { expectAudited, type PartialRecord } from './expect-audited.ts'
export { fixedClock, fixedIds } from './fixed.ts'
export { type MemorySink, memorySink } from './memory-sink.ts'
export { type CoverageExceptions, type RouteCoverage, routeCoverage } from './route-coverage.ts'
