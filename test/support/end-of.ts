/** Resolves with why it ended, as a device's half of a call tells. */
export function endOf(call: { onEnded: (reason: string) => void }): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  call.onEnded = resolve;
  return promise;
}
