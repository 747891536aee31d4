import * as fs from 'node:fs'

/** The file operations that the file sink needs; tests pass ones that fail. */
export type FileSystem = Pick<
  typeof fs,
  | 'openSync'
  | 'closeSync'
  | 'readSync'
  | 'writeSync'
  | 'fstatSync'
  | 'statSync'
  | 'renameSync'
  | 'unlinkSync'
  | 'readdirSync'
>

export const nodeFileSystem: FileSystem = fs
