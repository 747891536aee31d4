// From runs to tables: increments over the bare runs of the same round, ratios within a round, medians with their range.

/** The logger that people usually have on each server. */
const USUAL = {
  node: 'pino-http',
  express: 'pino-http',
  fastify: 'fastify-pino',
  koa: 'koa-pino-logger',
  hono: 'hono-pino',
  nest: 'nestjs-pino',
}

/** What griffier adds may be at most this part of what the usual logger adds, and of what the floor adds; Nest has no target. */
const TARGETS = {
  node: { usual: 0.2, floor: 2 },
  express: { usual: 0.5, floor: 2 },
  fastify: { usual: 0.4, floor: 2 },
  koa: { usual: 0.25, floor: 2 },
  hono: { usual: 0.25, floor: 2 },
}

/** What a trail of the guarantee `written` may add to griffier without one, as a part of what the usual logger adds. */
const WRITTEN_TARGETS = { node: 0.15, express: 0.15, koa: 0.15, hono: 0.15, fastify: 0.35 }

/** How many requests a durable griffier must serve of those that the durable floor does. */
const DURABLE_TARGET = 0.9

/**
 * Sums up the runs of one server.
 * @returns one row a contestant, cheapest first; each figure is { median, least, most } or null where it cannot be had
 */
export function summarise(runs, server) {
  const own = runs.filter((run) => run.server === server)
  const rounds = new Map()
  for (const run of own) rounds.set(run.round, [...(rounds.get(run.round) ?? []), run])
  const contestants = [...new Set(own.map((run) => run.contestant))]
  const rows = contestants.map((contestant) => {
    const figure = (take) =>
      spread(
        [...rounds.values()].flatMap((round) =>
          take(
            round.filter((run) => run.contestant === contestant),
            round,
          ),
        ),
      )
    return {
      contestant,
      adds: figure((mine, round) => mine.map((run) => run.cpu - bareOf(round, 'cpu'))),
      overUsual: figure((mine, round) => ratios(mine, round, USUAL[server])),
      overFloor: figure((mine, round) => ratios(mine, round, 'floor')),
      overTrailless: figure((mine, round) => trailRatios(mine, round, USUAL[server])),
      overDurableFloor: figure((mine, round) => perSecondRatios(mine, round, 'floor-durable')),
      throughputOverUsual: figure((mine, round) => perSecondRatios(mine, round, USUAL[server])),
      throughput: figure((mine, round) => mine.map((run) => run.perSecond / bareOf(round, 'perSecond'))),
      memory: figure((mine, round) => mine.map((run) => run.memory / bareOf(round, 'memory'))),
    }
  })
  return rows.sort((a, b) => a.adds.median - b.adds.median)
}

function bareOf(round, figure) {
  return median(round.filter((run) => run.contestant === 'bare').map((run) => run[figure]))
}

function ratios(mine, round, against) {
  const bare = bareOf(round, 'cpu')
  const added = median(round.filter((run) => run.contestant === against).map((run) => run.cpu)) - bare
  return added > 0 ? mine.map((run) => (run.cpu - bare) / added) : []
}

/** What these runs add to griffier without a trail, over what the usual logger adds to a bare server. */
function trailRatios(mine, round, against) {
  const cpu = (contestant) => median(round.filter((run) => run.contestant === contestant).map((run) => run.cpu))
  const added = cpu(against) - bareOf(round, 'cpu')
  return added > 0 ? mine.map((run) => (run.cpu - cpu('griffier')) / added).filter(Number.isFinite) : []
}

function perSecondRatios(mine, round, against) {
  const rate = median(round.filter((run) => run.contestant === against).map((run) => run.perSecond))
  return Number.isFinite(rate) ? mine.map((run) => run.perSecond / rate) : []
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

function spread(values) {
  if (values.length === 0) return null
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) }
}

/** A Markdown table of one server's rows; `absolute` adds the microseconds, which mean something on this machine only. */
export function table(server, rows, { absolute }) {
  const columns = [
    ['contestant', (row) => row.contestant],
    ...(absolute ? [['adds, µs CPU a request', (row) => show(row.adds, 1)]] : []),
    [`÷ ${USUAL[server]}`, (row) => (row.contestant === 'bare' ? '–' : show(row.overUsual, 2))],
    ['÷ floor', (row) => (row.contestant === 'bare' ? '–' : show(row.overFloor, 2))],
    ['requests/s, % of bare', (row) => show(row.throughput, 0, 100)],
    ['peak memory ÷ bare', (row) => show(row.memory, 2)],
  ]
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [
    line(columns.map(([title]) => title)),
    line(columns.map(() => '---')),
    ...rows.map((row) => line(columns.map(([, cell]) => cell(row)))),
  ].join('\n')
}

function show(figure, digits, times = 1) {
  if (figure === null) return '–'
  const [middle, least, most] = [figure.median, figure.least, figure.most].map((value) =>
    (value * times).toFixed(digits),
  )
  return `${middle} (${least}–${most})`
}

/** A Markdown table of the targets that these rows can be held to, and what came of them. */
export function verdicts(rowsByServer, micro) {
  const lines = ['| target | measured | verdict |', '| --- | --- | --- |']
  const add = (target, measured, met) => lines.push(`| ${target} | ${measured} | ${met ? 'PASS' : 'MISS'} |`)
  for (const [server, { usual, floor }] of Object.entries(TARGETS)) {
    const rows = rowsByServer[server] ?? []
    const mine = rows.filter(({ contestant }) => contestant.startsWith('griffier') && !isOnTrail(contestant))
    const hold = (over, most, figureOf) => {
      for (const row of mine) {
        const figure = figureOf(row)
        if (figure === null) continue
        add(`${server}: ${row.contestant} ÷ ${over} ≤ ${most}`, show(figure, 2), figure.median <= most)
      }
    }
    hold(USUAL[server], usual, ({ overUsual }) => overUsual)
    hold('floor', floor, ({ overFloor }) => overFloor)
    addTrail(server, rows, add)
  }
  for (const { name, nanoseconds, most } of micro) {
    if (most !== undefined) add(`${name} ≤ ${most} ns`, `${nanoseconds.toFixed(0)} ns`, nanoseconds <= most)
  }
  return lines.join('\n')
}

function addTrail(server, rows, add) {
  const named = (name) => rows.find(({ contestant }) => contestant === name)
  const written = named('griffier-written')?.overTrailless ?? null
  if (written !== null) {
    const most = WRITTEN_TARGETS[server]
    const target = `${server}: what the trail (written) adds ÷ what ${USUAL[server]} adds ≤ ${most}`
    add(target, show(written, 2), written.median <= most)
  }
  const durable = named('griffier-durable')
  if (durable === undefined) return
  const { overDurableFloor, throughputOverUsual } = durable
  if (overDurableFloor !== null) {
    const target = `${server}: requests/s of griffier-durable ÷ floor-durable ≥ ${DURABLE_TARGET}`
    add(target, show(overDurableFloor, 2), overDurableFloor.median >= DURABLE_TARGET)
  }
  if (throughputOverUsual !== null) {
    const target = `${server}: requests/s of griffier-durable ÷ an unsynced ${USUAL[server]} > 1`
    add(target, show(throughputOverUsual, 2), throughputOverUsual.median > 1)
  }
}

function isOnTrail(contestant) {
  return contestant.endsWith('-written') || contestant.endsWith('-durable')
}

/** Who adds less than griffier, by server: its losses, said in words. */
export function losses(rowsByServer) {
  return Object.entries(rowsByServer).flatMap(([server, rows]) => {
    const griffier = rows.find((row) => row.contestant === 'griffier')
    if (griffier === undefined) return []
    const cheaper = rows
      .filter(
        ({ contestant, adds }) =>
          contestant !== 'bare' &&
          !contestant.startsWith('griffier') &&
          !isOnTrail(contestant) &&
          adds.median < griffier.adds.median,
      )
      .map(({ contestant }) => contestant)
    return [
      `On ${server}, ${cheaper.length === 0 ? 'nobody adds' : `${cheaper.join(', ')} add${cheaper.length === 1 ? 's' : ''}`} less than griffier.`,
    ]
  })
}
