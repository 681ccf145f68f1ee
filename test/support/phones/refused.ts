/** What a person reads when a phone does not obey. */

import type { ErrorCode } from "../../../native-host/src/errors.ts";

/** For `assert.rejects`: an error of this code whose sentence has these words. */
export function refused(code: ErrorCode, words: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof Error && "code" in error && error.code === code && words.test(error.message);
}
