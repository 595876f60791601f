import { type CanActivate, Controller, type ExecutionContext, Get, Injectable, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Interval, ScheduleModule } from '@nestjs/schedule';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { MetricsModule, MetricsService, type MetricsSnapshot } from 'nestjs-process-metrics';
import { MetricsHealthIndicator } from 'nestjs-process-metrics/health';
import { GameModule } from './game.module.js';

/** The application's own guard: it lets in who says please. */
@Injectable()
class PoliteGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    return headers['x-please'] === 'yes';
  }
}

@Controller('game')
class GameController {
  private beats = 0;

  constructor(private readonly metrics: MetricsService) {}

  @Interval(100)
  beat(): void {
    this.beats += 1;
  }

  @Get('load')
  load(): { latest: MetricsSnapshot | null; count: number; capacity: number; beats: number } {
    const { current, buffer } = this.metrics;
    return { latest: current, count: buffer.length, capacity: buffer.capacity, beats: this.beats };
  }
}

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly metrics: MetricsHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([() => this.metrics.check('metrics', { gameMemoryMb: 8192 })]);
  }
}

@Module({
  imports: [ScheduleModule.forRoot(), TerminusModule, GameModule, MetricsModule],
  controllers: [GameController, HealthController],
  providers: [MetricsHealthIndicator, { provide: APP_GUARD, useClass: PoliteGuard }],
})
export class AppModule {}
