import { type AlertMessage, type Unit } from '../alert-message.js';

/** What the rules look at in a snapshot; null or absent: not known. */
export interface AlertSample {
  readonly timestamp: Date;
  /** Null when the game server is not running. */
  readonly gameMemoryMb: number | null;
  readonly gameCpuPercent: number | null;
  readonly tickMs?: number | null;
  readonly diskFreeMb?: number | null;
}

/** What else they look at, as of now. */
export interface AlertSurroundings {
  /** Seconds between two samples; 0: none are taken. */
  readonly intervalSeconds: number;
  /** Whether the history is not all kept at the moment. */
  readonly isHistoryDegraded: boolean;
}

/** Where the game ends, as of now. */
export interface AlertLimits {
  /** The lowest memory limit of the game and what sets it, in words; null when there is none, or it is not known. */
  readonly memoryLimit: { readonly mb: number; readonly what: string } | null;
  /** With less room on its disk the game ends itself; null: not known, or it does not. */
  readonly dieBelowDiskFreeMb: number | null;
}

/** Where the conditions become alerts; 0 switches a rule off. */
export interface AlertThresholds {
  readonly memoryPercent: number;
  readonly tickMs: number;
  readonly cpuPercent: number;
  readonly diskFreeMb: number;
}

/** What every rule may look at. */
export interface AlertView {
  readonly around: AlertSurroundings;
  readonly thresholds: AlertThresholds;
  /** How long ago the last snapshot was taken, or the collection began; in ms of the steady clock. */
  readonly sinceSampleMs: number;
}

/** What those may look at that are about a snapshot. */
export interface SampleView extends AlertView {
  readonly sample: AlertSample;
  readonly limits: AlertLimits;
}

/** What a rule saw. Between `holds` and `isClear` lies the room in which nothing changes. */
export interface Look {
  readonly holds: boolean;
  readonly isClear: boolean;
  readonly measure: { readonly value: number; readonly threshold: number; readonly unit: Unit } | null;
}

/** A condition that becomes an alert when it holds for long enough. */
export interface AlertRule<View extends AlertView = AlertView> {
  readonly name: string;
  readonly level: AlertMessage['level'];
  /** A few words for people. */
  readonly what: string;
  /** Null when it cannot be said now: that time counts neither for nor against. */
  look(view: View): Look | null;
  /** A sentence for people, while it holds. */
  text(view: View): string;
}
