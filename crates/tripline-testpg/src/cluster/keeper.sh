# Keeps one server: makes its data, starts it, passes signals on, and ends it when its owner is gone, however that
# went. The owner's words come on the standard input, one a line; the end of the input is the end of the owner.

folder=$1
bin=$2
data=$folder/data
log=$folder/log
server=

# Makes the data: `new`, `copy CONNECTION`, or `again`, when it is there.
make() {
    case $1 in
        new)
            "$bin/initdb" --pgdata="$data" --username=tripline --pwfile="$folder/password" \
                --auth=trust --encoding=UTF8 --no-locale --no-sync
            ;;
        copy)
            "$bin/pg_basebackup" --pgdata="$data" --dbname="$2" --write-recovery-conf \
                --wal-method=stream --checkpoint=fast --no-sync
            ;;
    esac
}

while read -r word rest; do
    case $word in
        new | copy | again)
            if make "$word" "$rest" </dev/null >>"$log" 2>&1; then
                "$bin/postgres" -D "$data" -c config_file="$folder/postgresql.conf" </dev/null 2>>"$log" &
                server=$!
            fi
            # Now only the server's processes hold the standard output: its end says that they all are gone.
            exec >&-
            ;;
        gone) server= ;;
        leave) exit ;;
        *) kill -s "$word" "$server" ;;
    esac
done

if [ -n "$server" ]; then
    # At first a server ignores QUIT, as all background jobs of this shell do, and TERM ends it. Later TERM makes
    # it wait for its clients, and QUIT ends it.
    kill -s TERM "$server"
    kill -s QUIT "$server"
    wait "$server"
fi 2>/dev/null

cd /
# Processes of a server that was killed may still write for a moment.
rm -rf "$folder" 2>/dev/null || rm -rf "$folder"
