import { describe, expect, it, jest } from '@jest/globals';
import { Logger, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type TimelineEvent } from './event.js';
import { EventLog } from './event-log.js';
import { EventsModule } from './events.module.js';

describe('EventLog', () => {
  it('makes an event of what it is told', () => {
    const log = new EventLog();
    const before = Date.now();
    log.tell('tick_overload', { count: 3, tickMs: 4803.25 });
    const [event] = log.newest;
    expect(event).toEqual({
      timestamp: expect.any(Date),
      kind: 'tick_overload',
      level: 'warning',
      text: 'The game server is overloaded: 3 ticks were too long, the longest took 4803.3 ms.',
      numbers: { count: 3, tickMs: 4803.25 },
    });
    expect(event?.timestamp.getTime()).toBeGreaterThanOrEqual(before);
    expect(Object.isFrozen(event) && Object.isFrozen(event?.numbers)).toBe(true);
  });

  it('lets the recorder have an event before any listener', () => {
    const log = new EventLog();
    const heard: string[] = [];
    log.events$.subscribe(({ kind }) => heard.push(`listener ${kind}`));
    log.recordWith(({ kind }) => {
      heard.push(`recorder ${kind}`);
      return null;
    });
    log.tell('api_started');
    expect(heard).toEqual(['recorder api_started', 'listener api_started']);
  });

  it('gives the recorder what was told before it came, each event once', () => {
    const log = new EventLog();
    log.tell('api_started');
    log.tell('game_starting');
    const recorded: string[] = [];
    log.recordWith(({ kind }) => {
      recorded.push(kind);
      return null;
    });
    log.tell('game_ready', { seconds: 12 });
    expect(recorded).toEqual(['api_started', 'game_starting', 'game_ready']);
    expect(() => {
      log.recordWith(() => null);
    }).toThrow('a recorder already');
  });

  it('holds an event back from the listeners, and what comes behind it, until it is recorded', async () => {
    const log = new EventLog();
    let keep = () => {};
    log.recordWith(({ kind }) =>
      kind === 'game_starting' ? new Promise<void>((resolve) => (keep = resolve)) : null,
    );
    const heard: string[] = [];
    log.events$.subscribe(({ kind }) => heard.push(kind));
    log.tell('api_started');
    log.tell('game_starting');
    log.tell('game_ready', { seconds: 12 });
    expect(heard).toEqual(['api_started']);
    keep();
    await new Promise(setImmediate);
    expect(heard).toEqual(['api_started', 'game_starting', 'game_ready']);
  });

  it('counts how often a kind happened, and what was told together', () => {
    const log = new EventLog();
    expect(log.total('tick_overload')).toBe(0);
    log.tell('tick_overload', { count: 1, tickMs: 600 });
    log.tell('tick_overload', { count: 41, tickMs: 900 });
    log.tell('game_crashed', { exitCode: 134, signal: null, cause: 'exit_code', how: 'It died.' });
    expect([log.total('tick_overload'), log.total('game_crashed')]).toEqual([42, 1]);
  });

  it('lets the listeners have an event also when the recorder fails', () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const log = new EventLog();
    log.recordWith(() => {
      throw new Error('no disk');
    });
    const heard: TimelineEvent[] = [];
    log.events$.subscribe((event) => heard.push(event));
    log.tell('api_started');
    expect(heard).toHaveLength(1);
    expect(logged).toHaveBeenCalledTimes(1);
    logged.mockRestore();
  });

  it('keeps the order for all when a listener tells an event itself', () => {
    const log = new EventLog();
    const [first, second]: [string[], string[]] = [[], []];
    log.events$.subscribe(({ kind }) => {
      first.push(kind);
      if (kind === 'history_degraded') log.tell('alert_fired', { condition: 'the history is not written' });
    });
    log.events$.subscribe(({ kind }) => second.push(kind));
    log.tell('history_degraded', { problem: 'the disk is full' });
    expect(first).toEqual(['history_degraded', 'alert_fired']);
    expect(second).toEqual(first);
  });

  it('remembers the newest 1,000', () => {
    const log = new EventLog();
    for (let count = 1; count <= 1500; count++) log.tell('players_joined', { count });
    expect(log.newest).toHaveLength(1000);
    expect([log.newest[0]?.numbers.count, log.newest.at(-1)?.numbers.count]).toEqual([501, 1500]);
  });

  it('is one for all modules of an application, and completes with it', async () => {
    @Module({ imports: [EventsModule] })
    class Teller {}
    const app = await Test.createTestingModule({ imports: [Teller, EventsModule] }).compile();
    const log = app.get(EventLog);
    let isComplete = false;
    log.events$.subscribe({ complete: () => (isComplete = true) });
    expect(app.select(Teller).get(EventLog, { strict: false })).toBe(log);
    await app.close();
    expect(isComplete).toBe(true);
    log.tell('api_stopped');
    expect(log.newest.at(-1)?.kind).toBe('api_stopped');
  });
});
