"""What gives something else at every run, or is seen outside: the names of it. Pure data.

Logging is not among it: a line that comes again at every replay is noise, and leads the flow nowhere else.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from flowdsl.linting.live import UNKNOWN, Unloaded, bound_to, is_a, loaded, unwrapped

__all__ = ["CLIENTS", "NAMES", "PATH_METHODS", "RUNNERS", "Index"]

_CLOCK: Final = """
    time.time time.time_ns time.monotonic time.monotonic_ns time.perf_counter time.perf_counter_ns time.process_time
    time.process_time_ns time.thread_time time.thread_time_ns datetime.datetime.now datetime.datetime.utcnow
    datetime.datetime.today datetime.date.today django.utils.timezone.now django.utils.timezone.localdate
    arrow.now arrow.utcnow pendulum.now pendulum.today pendulum.tomorrow pendulum.yesterday
    time.localtime/1 time.gmtime/1 time.ctime/1 time.asctime/1 time.strftime/2
"""
_CHANCE: Final = """
    os.urandom os.getrandom uuid.uuid1 uuid.uuid4 uuid.uuid6 uuid.uuid7 uuid.uuid8/1 uuid.getnode
    secrets.token_bytes secrets.token_hex secrets.token_urlsafe secrets.randbelow
    random.Random/1 numpy.random.default_rng/1 builtins.id builtins.hash
"""
_ENVIRONMENT: Final = """
    os.getenv os.getenvb os.getpid os.getppid os.getcwd os.getlogin os.getuid os.uname os.cpu_count
    socket.gethostname socket.getfqdn platform.node platform.uname platform.platform getpass.getuser
    pathlib.Path.cwd pathlib.Path.home tempfile.gettempdir threading.get_ident threading.get_native_id
    threading.current_thread multiprocessing.current_process locale.getlocale locale.getdefaultlocale locale.setlocale
    locale.getpreferredencoding locale.getencoding locale.localeconv locale.currency locale.format_string locale.str
    locale.atof locale.atoi locale.delocalize locale.localize locale.strcoll locale.strxfrm locale.nl_langinfo
"""
_IO: Final = """
    builtins.open builtins.input builtins.print pprint.pprint pprint.pp io.open codecs.open os.system os.popen os.remove
    os.unlink os.rename os.replace os.mkdir os.makedirs os.rmdir os.removedirs os.listdir os.scandir os.walk os.stat
    os.lstat os.access os.chdir os.chmod os.open os.read os.write os.close os.kill os.fork os.path.exists os.path.isfile
    os.path.isdir os.path.getsize os.path.getmtime time.sleep shutil.copy shutil.copy2 shutil.copyfile shutil.copytree
    shutil.move shutil.rmtree shutil.which shutil.disk_usage glob.glob glob.iglob tempfile.mkstemp tempfile.mkdtemp
    tempfile.NamedTemporaryFile tempfile.TemporaryFile tempfile.TemporaryDirectory getpass.getpass webbrowser.open
    subprocess.run subprocess.call subprocess.check_call subprocess.check_output subprocess.Popen subprocess.getoutput
    subprocess.getstatusoutput socket.socket socket.create_connection socket.getaddrinfo socket.gethostbyname
    urllib.request.urlopen urllib.request.urlretrieve smtplib.SMTP smtplib.SMTP_SSL imaplib.IMAP4 imaplib.IMAP4_SSL
    poplib.POP3 poplib.POP3_SSL ftplib.FTP ftplib.FTP_TLS sqlite3.connect
    requests.get requests.post requests.put requests.patch requests.delete requests.head requests.options requests.request
    httpx.get httpx.post httpx.put httpx.patch httpx.delete httpx.head httpx.options httpx.request httpx.stream
    urllib3.request aiohttp.request boto3.client boto3.resource psycopg.connect psycopg2.connect pymysql.connect
    MySQLdb.connect mysql.connector.connect oracledb.connect pyodbc.connect
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


RUNNERS: Final = _words("""
    asyncio.run asyncio.run_coroutine_threadsafe asyncio.create_task asyncio.ensure_future asyncio.gather asyncio.wait_for
    asyncio.wait asyncio.get_event_loop asyncio.get_running_loop asyncio.new_event_loop asyncio.Runner asyncio.shield
    asyncio.to_thread anyio.run trio.run uvloop.run asgiref.sync.async_to_sync
""")
"""What runs something asynchronous, or waits for it."""


def _rows(rule: str, names: str) -> Iterator[tuple[str, tuple[str, int | None]]]:
    for row in names.split():
        name, _, given = row.partition("/")
        yield name, (rule, int(given) if given else None)


NAMES: Final[Mapping[str, tuple[str, int | None]]] = {
    **dict(_rows("clock", _CLOCK)),
    **dict(_rows("chance", _CHANCE)),
    **dict(_rows("environment", _ENVIRONMENT)),
    **dict(_rows("io", _IO)),
    **dict.fromkeys(RUNNERS, ("awaitable", None)),
}
"""Functions and classes by their names, each with the rule that a call of it breaks. With so many arguments it does not:
``time.strftime`` of a given time, a generator of chance with a seed."""

PATH_METHODS: Final = _words("""
    chmod exists glob group hardlink_to is_block_device is_char_device is_dir is_fifo is_file is_mount is_socket
    is_symlink iterdir lchmod lstat mkdir open owner read_bytes read_text readlink rename replace rglob rmdir samefile
    stat symlink_to touch unlink walk write_bytes write_text
""")
"""What a path does on the disk."""

_DJANGO: Final = _words("""
    aggregate bulk_create bulk_update count create earliest exists first get
    get_or_create in_bulk last latest update_or_create
""")

CLIENTS: Final[Mapping[str, frozenset[str]]] = {
    # A set of queries is only made by most methods, and may well be given to a Call.
    "django.db.models.manager": _DJANGO,
    "_io.TextIOWrapper": _words("flush read readline readlines write writelines"),
    **dict.fromkeys(
        _words("""
        requests.sessions httpx.Client httpx.AsyncClient http.client.HTTPConnection aiohttp.client.ClientSession
        urllib3.poolmanager smtplib.SMTP imaplib.IMAP4 poplib.POP3 ftplib.FTP socket.socket subprocess.Popen
        sqlite3.Connection sqlite3.Cursor redis.client redis.asyncio.client redis.cluster valkey.client valkey.asyncio.client
        psycopg.Connection psycopg.AsyncConnection psycopg.Cursor psycopg.AsyncCursor psycopg2.extensions psycopg2.pool
        asyncpg.connection asyncpg.pool pymysql.connections pymysql.cursors pymongo.collection pymongo.synchronous.collection
        pymongo.asynchronous.collection botocore.client sqlalchemy.engine.base sqlalchemy.orm.session sqlalchemy.orm.scoping
        sqlalchemy.ext.asyncio.engine sqlalchemy.ext.asyncio.session
        """),
        frozenset(),
    ),
}
"""Types, or the modules in which they are written, of which a method reaches out of the process: which, or all where none is
named."""


class Index:
    """Knows the functions of the table by the objects themselves, whatever they are called where they are used.

    >>> import time as watch
    >>> Index().name_of(watch.time)
    'time.time'
    """

    def __init__(self) -> None:
        self._names = {_key(found): name for name in NAMES if (found := loaded(name)) is not UNKNOWN}

    def name_of(self, callee: Any) -> str:
        """Give the name that a function has in the table; an empty one where it is not in it."""
        callee = unwrapped(callee)
        owner = bound_to(callee)
        if not is_a(owner, type):
            return self._names.get(_key(callee), "")
        # The clock of a class that somebody has made of `datetime`.
        return next((name for each in owner.__mro__ if (name := self._names.get((id(each), callee.__name__), ""))), "")


def _key(found: Any) -> Any:
    owner = bound_to(found)
    if owner is not None:
        return id(owner), found.__name__
    return found if is_a(found, Unloaded) else id(found)
