import { type Observable } from 'rxjs';

/** The console of one run of a game that this program started. */
export interface GameConsole {
  /** The process that was started. */
  readonly pid: number;
  /** Its standard output in pieces; completes once the run is over. Nothing is kept: subscribe when the run begins. */
  readonly output$: Observable<Buffer>;

  /** Writes a line to it; false, and nothing is written, unless the game runs and is not being stopped. */
  send(line: string): boolean;
}
