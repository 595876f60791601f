import { Inject, Injectable, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { NEVER, type Observable, Subject } from 'rxjs';
import { MEASURED_SERVER } from './measured-server.js';
import { type ServerService } from './server.service.js';
import { type CollectionStats } from './collection-stats.js';
import { steadyNowMs } from '../process/clock.js';
import { coresOf } from '../process/cores.js';
import { MachineSampler, type MachineUsage } from './machine-sampler.js';
import { type MetricsSnapshot } from './metrics-snapshot.js';
import { MetricsBuffer } from './metrics.buffer.js';
import { GameTelemetry, NO_TELEMETRY } from './game-telemetry.js';
import { type GameUsage, ProcessSampler } from './process-sampler.js';
import { type SampleRecorder } from './sample-recorder.js';
import { snapshotOf } from './series.js';

/** Takes samples and answers with them: what controllers and exporters work with. */
@Injectable()
export class MetricsService implements OnApplicationShutdown {
  private collection: CollectionStats = { taken: 0, failed: 0, skipped: 0, lastDurationMs: null };
  private readonly published = new Subject<MetricsSnapshot>();
  private recorder: SampleRecorder | null = null;
  private latestGame: GameUsage | null = null;
  private collecting: Promise<MetricsSnapshot> | null = null;
  private sampledAtMs: number | null = null;

  constructor(
    /** The samples kept in memory. */
    readonly buffer: MetricsBuffer,
    private readonly sampler: ProcessSampler,
    private readonly machineSampler: MachineSampler,
    @Inject(MEASURED_SERVER) private readonly server: ServerService,
    @Optional() private readonly telemetry?: GameTelemetry,
  ) {}

  /** What became of the samples so far. */
  get stats(): CollectionStats {
    return this.collection;
  }

  /** Each new snapshot, as soon as it is in the buffer; completes at shutdown. */
  get snapshots$(): Observable<MetricsSnapshot> {
    return this.published.asObservable();
  }

  /**
   * Has every sample kept by `recorder` before anybody else hears of it: before it is published, and before
   * {@link collect} answers with it. Throws when there is one already.
   */
  setRecorder(recorder: SampleRecorder): void {
    if (this.recorder !== null)
      throw new Error('The samples have a recorder already: there can be one only.');
    this.recorder = recorder;
  }

  /** Fills the memory with samples of an earlier run, oldest first; others were taken up to `missingUpToMs` (null: none). */
  restore(snapshots: readonly MetricsSnapshot[], missingUpToMs: number | null): void {
    for (const snapshot of snapshots) this.buffer.append(snapshot);
    if (missingUpToMs !== null) this.buffer.miss(missingUpToMs);
  }

  /** The newest snapshot, or null before the first. */
  get current(): MetricsSnapshot | null {
    return this.buffer.getLatest();
  }

  /** How old the newest sample of this run is, in ms, by a clock that does not jump; null before the first. */
  get sampleAgeMs(): number | null {
    return this.sampledAtMs === null ? null : steadyNowMs() - this.sampledAtMs;
  }

  /** Snapshots of the last `minutes`, or all in memory; oldest first. */
  history(minutes?: number): MetricsSnapshot[] {
    if (minutes === undefined) return this.buffer.getAll();
    return this.buffer.since(new Date(Date.now() - minutes * 60_000));
  }

  /** The game server with raw values, as of the newest sample; null unless that measured the process it is now. */
  get game(): GameUsage | null {
    const game = this.latestGame;
    return game !== null && game.pid === this.server.gameServerPid ? game : null;
  }

  /** The machine with raw values, as of the newest sample. */
  get machine(): MachineUsage {
    return this.machineSampler.latest;
  }

  /** How many cores the game server may use (this process, while no game is measured), such as 0.5; up to 10 s old. */
  get cores(): number {
    return coresOf(this.game?.pid ?? process.pid);
  }

  /** CPU time of all game processes seen so far, in ms, as of the newest sample; never falls. */
  get gameCpuTotalMs(): number {
    return this.sampler.gameCpuTotalMs;
  }

  /** How often a game process took the place of another, as seen by the samples. */
  get gameRestarts(): number {
    return this.sampler.gameRestarts;
  }

  /** Whether the game runs, and no sample has measured the process that it is now in full. */
  get isGameNew(): boolean {
    if (this.server.gameServerPid === null) return false;
    return (this.game?.cpuPercent ?? null) === null;
  }

  /** Whether the newest sample met the game too young to be measured in full. */
  get isGameYoung(): boolean {
    return this.sampler.isGameYoung;
  }

  /** Emits when another process may have become the game, where the application can tell. */
  get gameChanged$(): Observable<unknown> {
    return this.server.gameServerChanged$ ?? NEVER;
  }

  /** Whether a sample is being taken at this moment. */
  get isCollecting(): boolean {
    return this.collecting !== null;
  }

  /** Takes a sample, keeps and publishes it. While one is being taken, answers with that one. */
  collect(): Promise<MetricsSnapshot> {
    this.collecting ??= this.takeSample()
      .catch((error: unknown) => {
        this.collection = { ...this.collection, failed: this.collection.failed + 1 };
        throw error;
      })
      .finally(() => {
        this.collecting = null;
      });
    return this.collecting;
  }

  /** Counts a tick that has no sample of its own: the one before was still being taken. */
  skip(): void {
    this.collection = { ...this.collection, skipped: this.collection.skipped + 1 };
  }

  onApplicationShutdown(): void {
    this.published.complete();
    this.machineSampler.close();
  }

  private async takeSample(): Promise<MetricsSnapshot> {
    const startedAtMs = steadyNowMs();
    const pid = this.server.gameServerPid;
    const reading = await this.sampler.sampleGame(pid);
    // When the game stopped or restarted meanwhile, the reading speaks of a process that is no longer the game.
    const game = this.server.gameServerPid === pid ? reading : null;
    const api = this.sampler.sampleOwn();
    const machine = this.machineSampler.sample();
    const snapshot = snapshotOf({
      timestamp: new Date(),
      apiMemoryMb: api.memoryMb,
      apiCpuPercent: api.cpuPercent,
      gameMemoryMb: game?.memoryMb ?? null,
      gameCpuPercent: game?.cpuPercent ?? null,
      gameThreads: game?.threadCount ?? null,
      // A game that is gone says nothing any more, also before its end is noticed.
      ...(this.telemetry?.read(game === null ? null : pid) ?? NO_TELEMETRY),
      machineCpuPercent: machine.cpuPercent,
      machineMemoryAvailableMb: machine.memoryAvailableMb,
      diskFreeMb: machine.diskFreeMb,
    });
    this.latestGame = game;
    this.buffer.append(snapshot);
    this.sampledAtMs = steadyNowMs();
    this.collection = {
      ...this.collection,
      taken: this.collection.taken + 1,
      lastDurationMs: steadyNowMs() - startedAtMs,
    };
    this.recorder?.record(snapshot);
    this.published.next(snapshot);
    return snapshot;
  }
}
