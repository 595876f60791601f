import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { type Subscription } from 'rxjs';
import { type MetricsSnapshot } from '../metrics/metrics-snapshot.js';
import { MetricsService } from '../metrics/metrics.service.js';

/** The last sample that measured the game, for whoever has to say how it ended. */
@Injectable()
export class LastSample implements OnModuleInit, OnApplicationShutdown {
  private last: { readonly pid: number; readonly snapshot: MetricsSnapshot } | null = null;
  private samples: Subscription | undefined;

  constructor(private readonly modules: ModuleRef) {}

  /** Looked up and not injected: the metrics have the game injected. */
  onModuleInit(): void {
    let metrics: MetricsService;
    try {
      metrics = this.modules.get(MetricsService, { strict: false });
    } catch {
      // An application may run a game and measure nothing.
      return;
    }
    this.samples = metrics.snapshots$.subscribe((snapshot) => {
      const { game } = metrics;
      if (game !== null) this.last = { pid: game.pid, snapshot };
    });
  }

  /** The last one of this process; null when there is none. */
  of(pid: number): MetricsSnapshot | null {
    return this.last?.pid === pid ? this.last.snapshot : null;
  }

  onApplicationShutdown(): void {
    this.samples?.unsubscribe();
  }
}
