package main

import (
	"context"
	"errors"
	"fmt"

	"akkoord"
)

type eraseCommand struct {
	databaseSettings
	Email  string `required:"" help:"Address of the person."`
	Reason string `required:"" help:"Why; it is kept on record, so it must not name the person."`
}

func (c *eraseCommand) Run(ctx context.Context, io streams) error {
	email, err := akkoord.ParseEmail(c.Email)
	if err != nil {
		return usageError{err}
	}
	if err := akkoord.CheckErasureReason(c.Reason, akkoord.Subscriber{Email: email}); err != nil {
		return usageError{err}
	}
	st, standing, err := c.find(ctx, email, "use POST /api/v1/subscribers/{id}/erase of that server")
	if err != nil {
		return err
	}
	defer st.Close()
	if standing.Subscriber.ID == 0 {
		if standing.Suppressed(akkoord.SuppressedErased) {
			fmt.Fprintln(io.out, "The person with this address was erased before; nothing is on record but that.")
			return nil
		}
		return errors.New("nobody with this address is on record, so nothing was erased")
	}
	e, err := st.Erase(ctx, standing.Subscriber.PublicID, c.Reason, akkoord.Origin{Source: "command", Actor: commandActor})
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(io.out, e.Receipt)
	return err
}
