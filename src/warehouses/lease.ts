/** Who writes, for the message that another writer gets. */
export interface LeaseOptions {
  readonly command: string;
  readonly waitMs: number;
  /** Called once when somebody else holds the lease. */
  readonly onWait?: (message: string) => void;
  readonly nowMs: () => number;
}
