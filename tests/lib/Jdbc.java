import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

/**
 * pgjdbc through the wrapper: connect, query, cancel, error, reconnect.
 *
 * usage: java -cp postgresql.jar Jdbc.java PORT CRT PASSWORD_FILE
 */
public class Jdbc {
	private static String port, password, crt;

	private static Connection connect(String... more) throws SQLException {
		Properties p = new Properties();

		p.setProperty("user", "postgres");
		p.setProperty("password", password);
		p.setProperty("sslmode", "verify-full");
		p.setProperty("sslrootcert", crt);
		for (int i = 0; i < more.length; i += 2)
			p.setProperty(more[i], more[i + 1]);
		return DriverManager.getConnection("jdbc:postgresql://localhost:" + port + "/postgres", p);
	}

	private interface Step {
		void run() throws Exception;
	}

	private static void fails(String sqlState, String text, Step step) throws Exception {
		try {
			step.run();
		} catch (SQLException e) {
			check(sqlState.equals(e.getSQLState()) && e.getMessage().contains(text),
			    e.getSQLState() + " " + e.getMessage());
			return;
		}
		throw new AssertionError("no error, where " + sqlState + " was due");
	}

	private static void check(boolean condition, String what) {
		if (!condition)
			throw new AssertionError(what);
	}

	private static String ask(Connection c, String query, String... values) throws SQLException {
		try (PreparedStatement s = c.prepareStatement(query)) {
			for (int i = 0; i < values.length; i++)
				s.setString(i + 1, values[i]);
			try (ResultSet r = s.executeQuery()) {
				r.next();
				return r.getString(1);
			}
		}
	}

	private static void cancel(Connection c) throws Exception {
		try (Statement s = c.createStatement()) {
			Thread timer = new Thread(() -> {
				try {
					Thread.sleep(500);
					s.cancel();
				} catch (InterruptedException | SQLException e) {
					throw new AssertionError(e);
				}
			});
			timer.start();
			fails("57014", "canceling statement due to user request", () -> s.executeQuery("select pg_sleep(20)"));
			timer.join();
		}
	}

	public static void main(String[] args) throws Exception {
		port = args[0];
		crt = args[1];
		password = Files.readString(Path.of(args[2])).strip();
		fails("28000", "TLS is required on this port", () -> connect("sslmode", "disable"));
		fails("08006", "", () -> connect("sslrootcert", "/nonexistent.crt"));
		connect("sslmode", "prefer").close();
		connect("sslmode", "allow").close();

		Connection c = connect();
		check(ask(c, "select 6 * ?::int", "7").equals("42"), "the answer");
		check(ask(c, "select ?::text", "ü".repeat(100000)).equals("ü".repeat(100000)), "the long answer");
		cancel(c);
		fails("22012", "division by zero", () -> ask(c, "select 1 / 0"));
		check(ask(c, "select 'after the error'").equals("after the error"), "after the error");
		try (Connection other = connect()) {
			ask(other, "select pg_terminate_backend(?::int)", ask(c, "select pg_backend_pid()"));
		}
		Thread.sleep(200);
		fails("57P01", "terminating connection", () -> ask(c, "select 1"));
		c.close();
		try (Connection again = connect()) {
			check(ask(again, "select 'again'").equals("again"), "again");
		}
	}
}
