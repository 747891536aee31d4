import { constants } from 'node:os'
import { notAmong } from './parse-values.ts'
import { list, type Parser } from './parser.ts'

const whenTrue: readonly NodeJS.Signals[] = Object.freeze(['SIGTERM', 'SIGINT'])
const none: readonly NodeJS.Signals[] = Object.freeze([])

/** No process can catch these. */
const uncatchable: readonly string[] = ['SIGKILL', 'SIGSTOP']
const catchable = Object.keys(constants.signals).filter((name) => !uncatchable.includes(name)) as NodeJS.Signals[]

const signal: Parser<NodeJS.Signals> = (given, at) => {
  const value = catchable.find((name) => name === given)
  return value === undefined
    ? notAmong(given, at, [], 'the name of a signal that can be caught, such as SIGTERM')
    : { value }
}

const signalList = list(signal, 'true, false or a list of signals')

/** Whether and on which signals to close: true stands for SIGTERM and SIGINT. */
export const signals: Parser<readonly NodeJS.Signals[]> = (given, at) => {
  if (typeof given === 'boolean') return { value: given ? whenTrue : none }
  return signalList(given, at)
}
