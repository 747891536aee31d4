/** The version of this package; a test keeps it equal to that of `package.json`, which is not always there to be read. */
export const VERSION = '0.1.0'
