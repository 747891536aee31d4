/**
 * The rooms of src/ and the arrows between them, as ARCHITECTURE.md draws them. An import may only follow an arrow; type
 * imports count. Tests beside the source may look into every room.
 */
const rooms = {
  lib: [],
  record: ['lib'],
  exchange: ['record', 'lib'],
  formats: ['record', 'lib'],
  sinks: ['formats', 'record', 'lib'],
  delivery: ['sinks', 'formats', 'record', 'lib'],
  trail: ['record', 'lib'],
  verify: [],
  'audit-log': ['trail', 'delivery', 'sinks', 'formats', 'exchange', 'record', 'lib'],
  resources: ['exchange', 'audit-log', 'record', 'lib'],
  testing: ['audit-log', 'sinks', 'record', 'lib'],
  adapters: ['resources', 'audit-log', 'exchange', 'record', 'lib'],
  cli: ['verify', 'resources', 'audit-log', 'trail', 'delivery', 'sinks', 'formats', 'exchange', 'record', 'lib'],
}

/** The files of src/sinks that are a destination each; the others are what several of them share. */
const destinations = ['file', 'stdout']

const anyTest = '\\.test\\.ts$'
const sinkContract = '^src/sinks/sink\\.ts$'
const anySink = `^src/sinks/(${destinations.join('|')})\\.ts$`
const anyRoomOf = (names) => `^src/(${names.join('|')})/`
/** What several adapters know of one framework. */
const knowledge = '^src/adapters/frameworks/'
const nest = '^src/adapters/nest\\.ts$'
const outsideOfRooms = ['^src/index\\.ts$', anyRoomOf(Object.keys(rooms))]

const arrows = Object.entries(rooms).map(([room, allowed]) => ({
  name: `room-${room}`,
  comment: `${room} may import from ${allowed.length === 0 ? 'no other room' : allowed.join(', ')}.`,
  severity: 'error',
  from: { path: anyRoomOf([room]), pathNot: anyTest },
  to: { path: '^src/', pathNot: anyRoomOf([room, ...allowed]) },
}))

module.exports = {
  forbidden: [
    ...arrows,
    {
      name: 'known-rooms',
      comment: 'Every file but the door index.ts lives in a room that is listed above.',
      severity: 'error',
      from: { path: '^src/', pathNot: outsideOfRooms },
      to: {},
    },
    {
      name: 'doors-lead-inwards',
      comment: 'Nothing inside imports the main door, nor a file outside of the rooms.',
      severity: 'error',
      from: { path: '^src/', pathNot: anyTest },
      to: { path: '^src/', pathNot: anyRoomOf(Object.keys(rooms)) },
    },
    {
      name: 'door-index',
      comment: 'The main door leads to neither a framework, nor test helpers, nor the command.',
      severity: 'error',
      from: { path: '^src/index\\.ts$' },
      to: { path: anyRoomOf(['adapters', 'testing', 'cli']) },
    },
    {
      name: 'delivery-knows-the-contract',
      comment: 'delivery knows what a sink is, and no sink.',
      severity: 'error',
      from: { path: anyRoomOf(['delivery']), pathNot: anyTest },
      to: { path: anyRoomOf(['sinks']), pathNot: sinkContract },
    },
    {
      name: 'sinks-are-strangers',
      comment: 'A sink imports no other sink.',
      severity: 'error',
      from: { path: anyRoomOf(['sinks']), pathNot: anyTest },
      to: { path: anySink },
    },
    {
      name: 'adapters-are-strangers',
      comment: 'An adapter imports no other adapter, but what several know of one framework.',
      severity: 'error',
      from: { path: anyRoomOf(['adapters']), pathNot: anyTest },
      to: { path: anyRoomOf(['adapters']), pathNot: knowledge },
    },
    {
      name: 'no-cycles',
      comment: 'Modules form no cycle, types counted.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'A module that nothing imports, and that imports nothing, is left over.',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: [anyTest, '^src/index\\.ts$'] },
      to: {},
    },
    {
      name: 'no-tests-in-the-package',
      comment: 'What ships imports nothing that only tests have.',
      severity: 'error',
      from: { path: '^src/', pathNot: anyTest },
      to: { path: [anyTest, '^(test|bench|examples|scripts)/'] },
    },
    {
      name: 'no-unlisted-packages',
      comment: 'What ships loads only its dependencies; for Nest also Nest, whose values name what it injects.',
      severity: 'error',
      from: { path: '^src/', pathNot: [anyTest, nest] },
      to: {
        dependencyTypes: ['npm-dev', 'npm-peer', 'npm-optional', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'nest-loads-only-nest',
      comment: 'The adapter of Nest loads the two packages that every Nest app has.',
      severity: 'error',
      from: { path: nest },
      to: {
        path: '^node_modules/',
        pathNot: '^node_modules/@nestjs/(common|core)/',
        dependencyTypesNot: ['type-only', 'npm'],
      },
    },
    {
      name: 'frameworks-in-adapters-only',
      comment: 'Only an adapter knows a framework, and only its types.',
      severity: 'error',
      from: { path: '^src/', pathNot: [anyTest, anyRoomOf(['adapters'])] },
      to: { dependencyTypes: ['npm-dev', 'npm-peer', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-unresolved',
      comment: 'Every import leads to a file.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
}
