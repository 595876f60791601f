// A small .NET server for the tests: its console is that of a Vintage Story server, and it tells what its runtime
// counts of its own garbage collections. Arguments: --rate MB (allocated a second), --keep MB (live all the time).
// What can be typed: /stats compact, /stop, /rate MB, /collect N (collections of generation 0 a second), /keep MB,
// /gc (a forced full collection) and /gcstats; the last two answer with a line of JSON after the word "gc".
using System;
using System.Diagnostics;
using System.Globalization;
using System.Threading;

class Node { public Node Next; public long A = 1, B = 2; }

public static class SampleGame
{
    const double Mib = 1024 * 1024;
    static readonly object console = new object();
    static readonly Stopwatch clock = Stopwatch.StartNew();
    // Not known to the libraries that the compiler has.
    static readonly Func<TimeSpan> totalPauseDuration =
        (Func<TimeSpan>)Delegate.CreateDelegate(typeof(Func<TimeSpan>), typeof(GC), "GetTotalPauseDuration");
    static volatile int ratePerSecond, collectionsPerSecond;
    static int stopping;
    public static object kept, world;

    static void Main(string[] args)
    {
        for (int i = 0; i + 1 < args.Length; i += 2)
        {
            int value = int.Parse(args[i + 1], CultureInfo.InvariantCulture);
            if (args[i] == "--rate") ratePerSecond = value;
            else if (args[i] == "--keep") Keep(value);
        }
        AppDomain.CurrentDomain.ProcessExit += (sender, e) => Stop("Shutdown by the system");
        // No test takes so long: what is forgotten ends by itself.
        Start(() => { Thread.Sleep(TimeSpan.FromMinutes(10)); Environment.Exit(3); });
        Start(Allocate);
        Start(Collect);
        Log("Event", "Dedicated Server now running on Port 42420 and all ips!");
        for (string line = Console.ReadLine(); line != null; line = Console.ReadLine()) Handle(line.Trim());
        // Without a console a game goes on.
        Thread.Sleep(Timeout.Infinite);
    }

    static void Handle(string line)
    {
        string[] words = line.Split(' ');
        int value = 0;
        if (words.Length > 1) int.TryParse(words[1], NumberStyles.Integer, CultureInfo.InvariantCulture, out value);
        if (line == "") return;
        if (words[0] == "/rate") ratePerSecond = value;
        else if (words[0] == "/collect") collectionsPerSecond = value;
        else if (words[0] == "/keep") Keep(value);
        else if (words[0] == "/gc")
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect(2, GCCollectionMode.Forced, true, true);
        }
        if (words[0] == "/gc" || words[0] == "/gcstats") Write("gc " + GcStats());
        else if (line == "/stats compact") { Handling(line); Log("Notification", Stats()); }
        else if (line == "/stop") { Handling(line); Stop("Shutdown through the console"); Environment.Exit(0); }
        else Handling(line);
    }

    static void Handling(string line) { Log("Notification", "Handling Console Command " + line); }

    static string GcStats()
    {
        return string.Format(CultureInfo.InvariantCulture,
            "{{\"memoryBytes\":{0},\"collections\":[{1},{2},{3}],\"pauseMs\":{4},\"isServer\":{5}}}",
            GC.GetTotalMemory(false), GC.CollectionCount(0), GC.CollectionCount(1), GC.CollectionCount(2),
            totalPauseDuration().TotalMilliseconds, System.Runtime.GCSettings.IsServerGC ? "true" : "false");
    }

    static string Stats()
    {
        TimeSpan up = clock.Elapsed;
        return string.Join(";",
            "Version: 1.21.5",
            string.Format("Uptime: {0} days, {1} hours, {2} minutes, {3} seconds", up.Days, up.Hours, up.Minutes, up.Seconds),
            string.Format("Players last online: {0} seconds ago", (int)up.TotalSeconds),
            "Players online: 0 / 16",
            "",
            string.Format(CultureInfo.InvariantCulture, "Memory usage Managed/Total: {0:0.#}Mb / {1:0.#} Mb",
                GC.GetTotalMemory(false) / Mib, Environment.WorkingSet / Mib),
            "Last 2s Average Tick Time: 2.5 ms", "Last 2s Ticks/s: 30", "Last 10 ticks (ms): 2, 3, 2, 3, 2, 3, 2, 3, 2, 3",
            "Loaded chunks: 1792", "Loaded entities: 179 (0 active)",
            "Network TCP: 0 Packets/s or 0 Kb/s", "Network UDP: 0 Packets/s or 0 Kb/s");
    }

    /// Many small objects in one long chain: a full collection has to walk it.
    static void Keep(int megabytes)
    {
        Node first = null;
        for (long i = 0; i < megabytes * (long)Mib / 40; i++) first = new Node { Next = first };
        kept = first;
    }

    /// In steps of 5 ms; every sixteenth object lives for a while.
    static void Allocate()
    {
        byte[][] alive = new byte[512][];
        double owed = 0;
        int count = 0;
        for (TimeSpan before = clock.Elapsed; ; before = TakeTime(before, ref owed))
            for (; owed > 0; owed -= 4096)
            {
                byte[] block = new byte[4096];
                if (count++ % 16 == 0) alive[count / 16 % alive.Length] = block;
                world = block;
            }
    }

    static TimeSpan TakeTime(TimeSpan before, ref double owed)
    {
        Thread.Sleep(5);
        TimeSpan now = clock.Elapsed;
        // A process that was stopped, or late, does not make up for more than this.
        owed += Math.Min(0.1, (now - before).TotalSeconds) * ratePerSecond * Mib;
        return now;
    }

    static void Collect()
    {
        for (double next = 0; ;)
        {
            int perSecond = collectionsPerSecond;
            if (perSecond == 0) { Thread.Sleep(20); next = clock.Elapsed.TotalMilliseconds; continue; }
            next = Math.Max(next + 1000.0 / perSecond, clock.Elapsed.TotalMilliseconds - 100);
            Thread.Sleep(Math.Max(0, (int)(next - clock.Elapsed.TotalMilliseconds)));
            GC.Collect(0);
        }
    }

    static void Stop(string reason)
    {
        if (Interlocked.Exchange(ref stopping, 1) == 0) Log("Event", "Stop reason: " + reason);
    }

    static void Start(ThreadStart action) { new Thread(action) { IsBackground = true }.Start(); }

    static void Log(string type, string message)
    {
        Write(DateTime.Now.ToString("d.M.yyyy HH:mm:ss", CultureInfo.InvariantCulture) + " [Server " + type + "] " + message);
    }

    static void Write(string line) { lock (console) { Console.Out.WriteLine(line); Console.Out.Flush(); } }
}
