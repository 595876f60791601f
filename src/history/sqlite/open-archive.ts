import { type HistoryStore } from '../history-store.js';
import { ArchiveClient } from './archive-client.js';
import { ArchiveFile } from './archive-file.js';
import { problemOf } from './archive-problem.js';
import { moveAside } from './damage.js';
import { SqliteStore } from './sqlite-store.js';

/** The archive while it is open: its file, and the worker that reads and maintains it. */
export class OpenArchive {
  readonly store: HistoryStore;

  private constructor(
    readonly file: ArchiveFile,
    readonly client: ArchiveClient,
    private readonly say: (text: string) => void,
  ) {
    this.store = new SqliteStore(file.writer, client);
  }

  /**
   * Opens or creates it; `say` is told what is set aside, `damaged` when a query meets damage. Rejects as
   * {@link ArchiveFile.open} does.
   */
  static async open(
    dataDir: string,
    retentionDays: number,
    say: (text: string) => void,
    damaged: (archive: OpenArchive, damage: Error) => void,
  ): Promise<OpenArchive> {
    const file = await ArchiveFile.open(dataDir, say);
    const client = new ArchiveClient(file.path, retentionDays, (damage) => {
      damaged(archive, damage);
    });
    const archive = new OpenArchive(file, client, say);
    return archive;
  }

  /** Empties the WAL into the file and closes it; `say` is told when that cannot be. */
  async close(): Promise<void> {
    await this.client.close().catch((error: unknown) => {
      this.say(`The WAL stays beside the archive: ${problemOf(error, this.file.path).message}`);
    });
    this.file.close();
  }

  /** Lets go of a file that was deleted or replaced, and leaves what lies there now as it is. */
  abandon(): Promise<void> {
    this.file.abandon();
    return this.client.leave();
  }

  /** Closes a file that has shown to be damaged, and sets it aside. Rejects when it cannot be. */
  async setAside(damage: Error): Promise<void> {
    this.file.close();
    await this.client.leave();
    moveAside(this.file.path, damage.message, this.say);
  }
}
