/** What every command is given beside its own arguments. */
export interface Context {
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}
